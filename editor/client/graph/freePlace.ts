import { type Box, overlap } from "../../../src/graph/edit/box.ts";
import type { Position } from "../../../src/graph/edit/drawnGraph.ts";

/** Room between two cards, in pixels at zoom 1. */
const gap = 24;
/** Between two places that are tried. */
const stride = 48;
const farthest = 60;

/** The place nearest to `wanted` where a card of this size lies on none of the others. */
export function freePlace(taken: readonly Box[], wanted: Box): Position {
  const { x, y, width, height } = wanted;
  const isFree = (left: number, top: number) =>
    taken.every((box) => !overlap(box, { x: left, y: top, width, height }, gap));
  const steps = Array.from({ length: 2 * farthest + 1 }, (_value, index) => (index - farthest) * stride);
  const free = steps.flatMap((dx) => steps.flatMap((dy) => (isFree(x + dx, y + dy) ? [[dx, dy] as const] : [])));
  const [dx, dy] = free.sort((a, b) => Math.hypot(...a) - Math.hypot(...b))[0] ?? [0, 0];
  return [x + dx, y + dy];
}
