import { BaseEdge, EdgeLabelRenderer, type EdgeProps, getBezierPath } from "@xyflow/react";
import { memo } from "react";
import type { WireData, WireFlowEdge } from "../graph/flowNodes.ts";
import { type Point, wirePath } from "../graph/wireRoutes.ts";

/** A wire with the shape that passes through it, or, in red, with the reason why none can. */
export const Wire = memo(function Wire(props: EdgeProps<WireFlowEdge>) {
  const { id, data, selected } = props;
  const wrong = data?.problem !== undefined;
  const label = wrong ? (selected ? data.problem : data.clash) : data?.shape;
  const { path, place } = pathOf(props, label);
  return (
    <>
      <BaseEdge
        id={id}
        path={path}
        className={`wire${wrong ? " wire-wrong" : data?.skipped ? " wire-skipped" : ""}`}
        interactionWidth={18}
      />
      {label && place && (
        <EdgeLabelRenderer>
          <div
            className="wire-label nopan"
            data-wrong={wrong}
            data-selected={selected}
            title={data?.problem ?? label}
            style={{ transform: `translate(-50%, -50%) translate(${place[0]}px, ${place[1]}px)` }}
          >
            {label}
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  );
});

/** About the width of a letter of a label, in pixels. */
const letter = 6.4;

/** The wire's path, and where its label stands, if there is room. */
function pathOf(props: EdgeProps<WireFlowEdge>, label = ""): { path: string; place: Point | undefined } {
  const { sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, data } = props;
  const wrong = data?.problem !== undefined;
  const route = isMoved(props, data) ? undefined : data?.route;
  if (route === undefined || route.length === 0) {
    const [path, x, y] = getBezierPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition });
    if (route !== undefined && data?.label !== undefined && !wrong)
      return { path, place: data.label === "none" ? undefined : data.label };
    // Between neighbours a label would lie under their cards, which both tell the shape.
    const isShort = Math.abs(targetX - sourceX) < label.length * letter + 8;
    return { path, place: isShort && !wrong ? undefined : [x, y] };
  }
  const stops: Point[] = [[sourceX, sourceY], ...route, [targetX, targetY]];
  const path = wirePath(stops);
  const middle = route[Math.floor((route.length - 1) / 2)]!;
  if (data?.label === undefined || wrong) return { path, place: middle };
  return { path, place: data.label === "none" ? undefined : data.label };
}

/** Whether an end of a wire is elsewhere than when it was routed: while a node is dragged. */
function isMoved(props: EdgeProps<WireFlowEdge>, data: WireData | undefined): boolean {
  if (!data?.ends) return false;
  const [from, to] = data.ends;
  const far = ([x, y]: Point, nowX: number, nowY: number) => Math.hypot(x - nowX, y - nowY) > 16;
  return far(from, props.sourceX, props.sourceY) || far(to, props.targetX, props.targetY);
}
