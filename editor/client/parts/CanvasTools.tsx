import { Panel, useReactFlow, useStore } from "@xyflow/react";
import { useEffect } from "react";
import { fitAll, noteZoom, useTextScale } from "../stores/viewport.ts";
import { Icon } from "./Icon.tsx";

/** Zooming, for those who have no wheel. */
export function CanvasTools({ onFit = () => fitAll() }: { onFit?: () => void }) {
  const flow = useReactFlow();
  const zoom = useStore((store) => Math.round(store.transform[2] * 100));
  const exact = useStore((store) => store.transform[2]);
  const canvas = useStore((store) => store.domNode);
  const scale = useTextScale((state) => state.scale);
  useEffect(() => noteZoom(exact), [exact]);
  useEffect(() => canvas?.style.setProperty("--text-scale", String(scale)), [canvas, scale]);
  return (
    <Panel position="bottom-right" className="canvas-tools">
      <button type="button" className="icon-button" onClick={() => void flow.zoomIn()} aria-label="Zoom in">
        <Icon name="plus" />
      </button>
      <span className="zoom">{zoom}%</span>
      <button type="button" className="icon-button" onClick={() => void flow.zoomOut()} aria-label="Zoom out">
        <Icon name="minus" />
      </button>
      <button
        type="button"
        className="icon-button"
        onClick={onFit}
        aria-label="Show everything"
        title="Show everything (F)"
      >
        <Icon name="fit" />
      </button>
    </Panel>
  );
}
