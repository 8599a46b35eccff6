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

/** A shape's paint and its ground: red, green and blue in 0 to 255. */
interface Look {
  shape: number;
  paint: readonly number[];
  ground: readonly number[];
}

/** Where a shape is: its middle and radius in pixels, and its tilt in radians. */
export interface Pose {
  radius: number;
  x: number;
  y: number;
  tilt: number;
}

function within(most: number, random: Random): number {
  return (2 * random.uniform() - 1) * most;
}

/** A combination's paint, with a random tint, on a light ground. */
export function drawLook(combination: Combination, random: Random): Look {
  const paint = paints[Math.floor(combination / shapes.length)]!.map((value) => value + within(mostTint, random));
  const ground = [0, 1, 2].map(() => 225 + within(mostTint, random));
  return { shape: combination % shapes.length, paint, ground };
}

/** A random size, place and tilt, with the whole shape in the image. */
function drawPose(size: number, random: Random): Pose {
  const radius = size * (0.24 + 0.16 * random.uniform());
  const free = size / 2 - radius;
  const [x, y] = [size / 2 + within(free, random), size / 2 + within(free, random)];
  return { radius, x, y, tilt: drawTilt(random) };
}

/** A random tilt, in radians. */
export function drawTilt(random: Random): number {
  return within(0.4, random);
}

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
  const look = drawLook(combination, random);
  paintShape(target, offset, size, look, drawPose(size, random), random);
}

/** Paints a shape where it is to be, with noise; shapes as in `drawScene`. */
export function paintShape(
  target: Uint8Array | Uint8ClampedArray,
  offset: number,
  size: number,
  { shape, paint, ground }: Look,
  { radius, x: middleX, y: middleY, tilt }: Pose,
  random: Random,
): void {
  const inside = outlines[shapes[shape]!];
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
        const value = share * paint[channel]! + (1 - share) * ground[channel]! + within(mostNoise, random);
        target[at + channel] = Math.max(0, Math.min(255, Math.round(value)));
      }
    }
  }
}
