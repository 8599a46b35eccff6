import { BaseEdge, EdgeLabelRenderer, type EdgeProps, getBezierPath } from "@xyflow/react";
import { memo } from "react";
import type { WireFlowEdge } from "../graph/flowNodes.ts";

/** A wire with the shape that passes through it, or, in red, with the reason why none can. */
export const Wire = memo(function Wire(props: EdgeProps<WireFlowEdge>) {
  const { id, data, selected } = props;
  const [path, labelX, labelY] = pathOf(props, data?.route);
  const wrong = data?.problem !== undefined;
  const label = wrong ? (selected ? data.problem : data.clash) : data?.shape;
  const short = isShort(props, label);
  return (
    <>
      <BaseEdge id={id} path={path} className={`wire${wrong ? " wire-wrong" : ""}`} interactionWidth={18} />
      {label && !short && (
        <EdgeLabelRenderer>
          <div
            className="wire-label nopan"
            data-wrong={wrong}
            data-selected={selected}
            title={data?.problem ?? label}
            style={{ transform: `translate(-50%, -50%) translate(${labelX}px, ${labelY}px)` }}
          >
            {label}
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  );
});

/** A wire between neighbours whose label would lie under their cards, which both tell the shape. */
function isShort({ sourceX, targetX, data }: EdgeProps<WireFlowEdge>, label = ""): boolean {
  if (data?.problem !== undefined) return false;
  return Math.abs(targetX - sourceX) < label.length * letter + 8;
}

/** About the width of a letter of a label, in pixels. */
const letter = 6.4;

function pathOf(props: EdgeProps<WireFlowEdge>, route: [number, number][] | undefined): [string, number, number] {
  const { sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition } = props;
  if (!route || route.length === 0) {
    const [path, x, y] = getBezierPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition });
    return [path, x, y];
  }
  const stops: [number, number][] = [[sourceX, sourceY], ...route, [targetX, targetY]];
  let path = `M ${sourceX} ${sourceY}`;
  for (let index = 1; index < stops.length; index++) {
    const [[x0, y0], [x1, y1]] = [stops[index - 1]!, stops[index]!];
    const bend = (x1 - x0) / 2;
    path += ` C ${x0 + bend} ${y0}, ${x1 - bend} ${y1}, ${x1} ${y1}`;
  }
  const [x, y] = route[Math.floor((route.length - 1) / 2)]!;
  return [path, x, y];
}
