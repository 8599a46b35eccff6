import type { Random } from "../core/random.ts";
import type { Pixels } from "./pixels.ts";

export interface Augmentation {
  /** Whether the mirror image means the same: not for a hand that points left. */
  mirror: boolean;
  /** Share of images that get black outlines and a lighter fill, as another style would draw them. */
  outlines: number;
}

/** Words of things that a mirror turns into other things: a hand that points left, a moon that waxes. */
const sided = /\b(left|leftwards|right|rightwards|waxing|waning|quarter)\b/i;

/** Whether what these words say of an image is true of its mirror image. */
export function mirrorsWell(words: string): boolean {
  return !sided.test(words);
}

/** Most that an image turns, in radians. */
const mostTurn = 0.2;
/** Most that it moves, as a share of its side. */
const mostShift = 0.08;
const scales = [0.75, 1.1] as const;

/**
 * Another view of an image: turned, scaled, moved, mirrored, in other colours, sometimes with outlines.
 *
 * Shapes: `pixels` [size, size, 3] in 0 to 255, result [size, size, 3] in −1 to 1, written at `offset` of `target`.
 * The same random stream gives the same view.
 */
export function augmentInto(
  target: Float32Array,
  offset: number,
  pixels: Pixels,
  size: number,
  random: Random,
  { mirror, outlines }: Augmentation,
): void {
  warp(target, offset, pixels, size, random, mirror);
  const outlined = random.uniform() < outlines;
  if (outlined) outline(target, offset, size);
  recolour(target, offset, size, random);
}

/** Bilinear sampling under a random similarity; white beyond the image. */
function warp(
  target: Float32Array,
  offset: number,
  pixels: Pixels,
  size: number,
  random: Random,
  mirror: boolean,
): void {
  const turn = (random.uniform() * 2 - 1) * mostTurn;
  const scale = scales[0] + random.uniform() * (scales[1] - scales[0]);
  const flip = random.uniform() < 0.5 && mirror ? -1 : 1;
  const [dx, dy] = [(random.uniform() * 2 - 1) * mostShift * size, (random.uniform() * 2 - 1) * mostShift * size];
  const [cos, sin] = [Math.cos(turn) / scale, Math.sin(turn) / scale];
  const middle = (size - 1) / 2;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [u, v] = [x - middle - dx, y - middle - dy];
      sample(
        target,
        offset + (y * size + x) * 3,
        pixels,
        size,
        flip * (cos * u + sin * v) + middle,
        cos * v - sin * u + middle,
      );
    }
  }
}

function sample(target: Float32Array, at: number, pixels: Pixels, size: number, x: number, y: number): void {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, low] = [x - left, y - top];
  for (let channel = 0; channel < 3; channel++) {
    const value =
      (pixel(pixels, size, left, top, channel) * (1 - right) + pixel(pixels, size, left + 1, top, channel) * right) *
        (1 - low) +
      (pixel(pixels, size, left, top + 1, channel) * (1 - right) +
        pixel(pixels, size, left + 1, top + 1, channel) * right) *
        low;
    target[at + channel] = value / 127.5 - 1;
  }
}

function pixel(pixels: Pixels, size: number, x: number, y: number, channel: number): number {
  return x < 0 || y < 0 || x >= size || y >= size ? 255 : pixels[(y * size + x) * 3 + channel]!;
}

/** Black where brightness jumps, a lighter fill elsewhere. */
function outline(target: Float32Array, offset: number, size: number): void {
  const light = (x: number, y: number) => {
    const at = offset + (Math.min(y, size - 1) * size + Math.min(x, size - 1)) * 3;
    return target[at]! + target[at + 1]! + target[at + 2]!;
  };
  // From the top left on, each pixel is compared with those that are not changed yet.
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const here = light(x, y);
      const jump = Math.max(Math.abs(here - light(x + 1, y)), Math.abs(here - light(x, y + 1)));
      const at = offset + (y * size + x) * 3;
      for (let channel = 0; channel < 3; channel++)
        target[at + channel] = jump > 0.9 ? -0.9 : 0.65 * target[at + channel]! + 0.35;
    }
  }
}

/** Each channel gets another contrast and brightness; white stays nearly white. */
function recolour(target: Float32Array, offset: number, size: number, random: Random): void {
  const gain = [0, 1, 2].map(() => 0.8 + random.uniform() * 0.4);
  for (let at = 0; at < size * size * 3; at++) {
    const value = 1 - (1 - target[offset + at]!) * gain[at % 3]!;
    target[offset + at] = Math.max(value, -1);
  }
}
