import type { Random } from "../../core/random.ts";
import { drawLook, drawTilt, type Pose, paintShape } from "../namedShapes/scene.ts";
import type { Combination } from "../namedShapes/words.ts";
import { type Motion, progressOf } from "./motions.ts";

/** How far a shape moves, and its radius where that does not change, as shares of the frame's side. */
const least = { travel: 0.34, radius: 0.17 };
const most = { travel: 0.44, radius: 0.24 };
/** How much larger a shape is at the end of its growth than at its beginning. */
const growth = 1.9;

/**
 * Draws a video of a coloured shape that moves: where, from what size and in what tint is random.
 *
 * Shapes: [frames, size, size, 3] in 0 to 255, written at `offset` of `target`. The same random stream gives the same video.
 */
export function drawVideo(
  target: Uint8Array,
  offset: number,
  { frames, size }: { frames: number; size: number },
  combination: Combination,
  motion: Motion,
  random: Random,
): void {
  const look = drawLook(combination, random);
  const tilt = drawTilt(random);
  const between = (from: number, to: number) => from + (to - from) * random.uniform();
  const travel = motion.change === "radius" ? 0 : size * between(least.travel, most.travel);
  const radius = size * between(least.radius, most.radius);
  const largest = motion.change === "radius" ? radius * Math.sqrt(growth) : radius;
  const smallest = motion.change === "radius" ? radius / Math.sqrt(growth) : radius;
  /** Where the motion begins on an axis, so that it ends within the frame. */
  const start = (distance: number) => between(largest, size - largest - distance);
  const x = start(motion.change === "x" ? travel : 0);
  const y = start(motion.change === "y" ? travel : 0);
  progressOf(motion, frames).forEach((progress, frame) => {
    const pose: Pose = {
      radius: smallest + (largest - smallest) * progress,
      x: x + (motion.change === "x" ? travel * progress : 0),
      y: y + (motion.change === "y" ? travel * progress : 0),
      tilt,
    };
    paintShape(target, offset + frame * size * size * 3, size, look, pose, random);
  });
}
