import type { ReactFlowInstance } from "@xyflow/react";
import { useSettings } from "./settings.ts";

let instance: ReactFlowInstance | undefined;

/** The canvas tells that it is there, or that it is gone. */
export function setViewport(flow: ReactFlowInstance | undefined): void {
  instance = flow;
}

/** Free room around the nodes: panels lie over the canvas. */
export function canvasPadding(inspector = false) {
  const { palette } = useSettings.getState();
  const left = `${palette ? 232 : 36}px` as const;
  return { top: "28px", bottom: "28px", left, right: inspector ? (`${inspectorWidth}px` as const) : "30px" } as const;
}

const motion = () => (window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 280);

/** Shows all nodes: by a movement that the eye can follow, or at once where there is nothing yet to follow. */
export function fitAll({ atOnce = false } = {}): void {
  instance?.fitView({ padding: canvasPadding(), maxZoom: 1.1, duration: atOnce ? 0 : motion() });
}

/** Brings a node into the middle, as near as a person can read it. */
export function fitNode(id: string): void {
  instance?.fitView({ nodes: [{ id }], padding: canvasPadding(true), maxZoom: 1, duration: motion() });
}

/** Moves the canvas aside where the inspector would cover a node. */
export function keepInSight(id: string): void {
  const box = document.querySelector(".canvas")?.getBoundingClientRect();
  const node = document.querySelector(`.react-flow__node[data-id="${id}"]`)?.getBoundingClientRect();
  if (!instance || !box || !node) return;
  const over = node.right - (box.right - inspectorWidth);
  if (over <= 0 || node.left - over < box.left) return;
  const { x, y, zoom } = instance.getViewport();
  void instance.setViewport({ x: x - over, y, zoom }, { duration: motion() });
}

/** The inspector with the room around it, in pixels. */
const inspectorWidth = 352;

/** The middle of what is seen, in the canvas's own coordinates. */
export function middle(): [number, number] {
  const box = document.querySelector(".canvas")?.getBoundingClientRect();
  if (!instance || !box) return [0, 0];
  const { x, y } = instance.screenToFlowPosition({ x: box.x + box.width / 2, y: box.y + box.height / 2 });
  return [Math.round(x), Math.round(y)];
}

/** A place of the screen in the canvas's own coordinates. */
export function toCanvas(x: number, y: number): [number, number] {
  const place = instance?.screenToFlowPosition({ x, y }) ?? { x, y };
  return [Math.round(place.x), Math.round(place.y)];
}
