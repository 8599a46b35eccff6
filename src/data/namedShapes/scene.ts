import type { Random } from "../../core/random.ts";
import { type Combination, shapes } from "./words.ts";

/** Red, green and blue of each colour, in the order of `colours`. */
const paints = [
  [215, 40, 40],
  [240, 130, 25],
  [235, 210, 40],
  [45, 155, 60],
  [60, 200, 210],
  [45, 80, 215],
  [135, 55, 180],
  [245, 130, 190],
] as const;

/** Whether a point is inside a shape that fills −1 to 1. */
type Inside = (x: number, y: number) => boolean;

/** In the order of `shapes`. */
const outlines: Record<(typeof shapes)[number], Inside> = {
  circle: (x, y) => x * x + y * y < 0.9,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.8,
  triangle: (x, y) => y < 0.75 && y > 1.75 * Math.abs(x) - 0.95,
  cross: (x, y) => Math.min(Math.abs(x), Math.abs(y)) < 0.28 && Math.max(Math.abs(x), Math.abs(y)) < 0.95,
  star: insideStar,
  ring: (x, y) => x * x + y * y < 0.95 && x * x + y * y > 0.33,
  bar: (x, y) => Math.abs(x) < 0.97 && Math.abs(y) < 0.32,
  moon: (x, y) => x * x + y * y < 0.95 && (x - 0.5) * (x - 0.5) + y * y > 0.62,
};

/** A star of five points: a sum of five half planes, of which a point of the star is outside of one at most. */
function insideStar(x: number, y: number): boolean {
  let outside = 0;
  for (let side = 0; side < 5; side++) {
    const angle = (2 * Math.PI * side) / 5 + Math.PI / 2;
    if (x * Math.cos(angle) + y * Math.sin(angle) > 0.38) outside++;
  }
  return outside < 2 && x * x + y * y < 1.1;
}

/** Side of the grid of points that a pixel is the mean of. */
const points = 2;
/** Largest difference of a scene's paints from those above, and of a pixel from its paint, of 255. */
const mostTint = 22;
const mostNoise = 14;

/**
 * Draws a coloured shape of random size, place, tilt and tint on a light ground, with noise.
 *
 * Shapes: [size, size, 3] in 0 to 255, written at `offset` of `target`. The same random stream gives the same scene.
 */
export function drawScene(
  target: Uint8Array | Uint8ClampedArray,
  offset: number,
  size: number,
  combination: Combination,
  random: Random,
): void {
  const within = (most: number) => (2 * random.uniform() - 1) * most;
  const paint = paints[Math.floor(combination / shapes.length)]!.map((value) => value + within(mostTint));
  const ground = [0, 1, 2].map(() => 225 + within(mostTint));
  const inside = outlines[shapes[combination % shapes.length]!];
  const radius = size * (0.24 + 0.16 * random.uniform());
  const free = size / 2 - radius;
  const [middleX, middleY] = [size / 2 + within(free), size / 2 + within(free)];
  const tilt = within(0.4);
  const [cos, sin] = [Math.cos(tilt) / radius, Math.sin(tilt) / radius];
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      let covered = 0;
      for (let point = 0; point < points * points; point++) {
        const u = x + ((point % points) + 0.5) / points - middleX;
        const v = y + (Math.floor(point / points) + 0.5) / points - middleY;
        if (inside(cos * u + sin * v, cos * v - sin * u)) covered++;
      }
      const share = covered / (points * points);
      const at = offset + (y * size + x) * 3;
      for (let channel = 0; channel < 3; channel++) {
        const value = share * paint[channel]! + (1 - share) * ground[channel]! + within(mostNoise);
        target[at + channel] = Math.max(0, Math.min(255, Math.round(value)));
      }
    }
  }
}
