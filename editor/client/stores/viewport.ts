import type { ReactFlowInstance } from "@xyflow/react";
import { create } from "zustand";
import { useSettings } from "./settings.ts";

let instance: ReactFlowInstance | undefined;

/** The canvas tells that it is there, or that it is gone. */
export function setViewport(flow: ReactFlowInstance | undefined): void {
  instance = flow;
}

/** Free room around the nodes: panels lie over the canvas. */
export function canvasPadding(inspector = false) {
  const { palette } = useSettings.getState();
  const left = `${palette ? 226 : 36}px` as const;
  return { top: "24px", bottom: "24px", left, right: inspector ? (`${inspectorWidth}px` as const) : "66px" } as const;
}

const motion = () => (window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 280);

interface Fit {
  atOnce?: boolean;
  /** Shows the beginning alone where all would be too small to read. */
  readable?: boolean;
}

/** How all nodes were shown last; undefined once a person has moved the view. */
let fitted: Fit | undefined;

/** Shows all nodes: by a movement that the eye can follow, or at once where there is nothing yet to follow. */
export function fitAll(fit: Fit = {}): void {
  if (!instance) return;
  fitted = fit;
  const duration = fit.atOnce ? 0 : motion();
  const padding = canvasPadding();
  const box = document.querySelector(".canvas")?.getBoundingClientRect();
  const bounds = instance.getNodesBounds(instance.getNodes());
  const [width, height] = box ? roomIn(box, padding) : [0, 0];
  const zoom = Math.min(width / bounds.width, height / bounds.height);
  if (!fit.readable || !(zoom > 0 && zoom < readableZoom)) {
    void instance.fitView({ padding, maxZoom: 1.1, duration });
    return;
  }
  const x = Number.parseInt(padding.left, 10) - bounds.x * readableZoom;
  const isHigh = bounds.height * readableZoom > height;
  const y = isHigh
    ? Number.parseInt(padding.top, 10) - bounds.y * readableZoom
    : box!.height / 2 - (bounds.y + bounds.height / 2) * readableZoom;
  void instance.setViewport({ x, y, zoom: readableZoom }, { duration });
}

function roomIn(box: DOMRect, { left, right, top, bottom }: ReturnType<typeof canvasPadding>): [number, number] {
  const of = (length: string) => Number.parseInt(length, 10);
  return [box.width - of(left) - of(right), box.height - of(top) - of(bottom)];
}

/** Called when a person moves the view: it stays as they put it. */
export function viewMoved(): void {
  fitted = undefined;
}

/** Shows all nodes again when the canvas gets another size, as long as nobody moved the view. */
export function followSize(canvas: Element | null): (() => void) | undefined {
  if (!canvas) return undefined;
  const observer = new ResizeObserver(() => {
    if (fitted) fitAll({ ...fitted, atOnce: true });
  });
  observer.observe(canvas);
  return () => observer.disconnect();
}

/** Text on the canvas is never smaller than this on the screen, in pixels, down to the zoom at which it still fits the cards. */
const leastText = 11;
const readableZoom = 0.58;
const smallest = 12;

/** How much larger than at zoom 1 the canvas's smallest text is drawn. */
export const useTextScale = create<{ scale: number }>(() => ({ scale: 1 }));

/** Tells the zoom. The scale goes in steps, so that a movement redraws the cards a few times only. */
export function noteZoom(zoom: number): void {
  const wanted = leastText / (smallest * Math.max(readableZoom, zoom));
  const scale = Math.max(1, Math.ceil(wanted * 20) / 20);
  if (scale !== useTextScale.getState().scale) useTextScale.setState({ scale });
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
  viewMoved();
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
