import { describe, expect, test } from "vitest";
import { Random } from "../../src/core/random.ts";
import { augmentInto } from "../../src/data/augment.ts";
import { mirrored } from "../../src/data/image.ts";

const size = 16;

/** A dark square left of the middle, on white. */
function square(): Uint8Array {
  const pixels = new Uint8Array(size * size * 3).fill(255);
  for (let y = 5; y < 11; y++) for (let x = 2; x < 8; x++) pixels.set([200, 40, 90], (y * size + x) * 3);
  return pixels;
}

function view(seed: number, { mirror = false, outlines = 0 } = {}): Float32Array {
  const target = new Float32Array(size * size * 3);
  augmentInto(target, 0, square(), size, new Random(seed), { mirror, outlines });
  return target;
}

/** Where the picture's darkness lies, from left to right. */
function centre(pixels: Float32Array): number {
  let [sum, weight] = [0, 0];
  for (let at = 0; at < pixels.length; at++) {
    const dark = 1 - pixels[at]!;
    sum += dark * (Math.floor(at / 3) % size);
    weight += dark;
  }
  return sum / weight;
}

describe("augmentation", () => {
  test("the same random stream gives the same view, another one another", () => {
    expect(view(1)).toEqual(view(1));
    expect(view(1)).not.toEqual(view(2));
  });

  test("writes its own place and nothing beside it, and leaves the picture as it was", () => {
    const pixels = square();
    const target = new Float32Array(3 * pixels.length).fill(7);
    augmentInto(target, pixels.length, pixels, size, new Random(1), { mirror: true, outlines: 1 });
    expect(target.subarray(0, pixels.length).every((value) => value === 7)).toBe(true);
    expect(target.subarray(2 * pixels.length).every((value) => value === 7)).toBe(true);
    expect(target.subarray(pixels.length, 2 * pixels.length).every((value) => value >= -1 && value <= 1)).toBe(true);
    expect(pixels).toEqual(square());
  });

  test("mirrors about half of the pictures, and none that must not be", () => {
    const right = (mirror: boolean) =>
      Array.from({ length: 200 }, (_, seed) => centre(view(seed, { mirror }))).filter((x) => x > size / 2).length;
    expect(right(false)).toBe(0);
    expect(right(true)).toBeGreaterThan(70);
    expect(right(true)).toBeLessThan(130);
  });

  test("outlines are black where the fill ends, and the fill gets lighter", () => {
    const [plain, outlined] = [view(3), view(3, { outlines: 1 })];
    const darkest = (pixels: Float32Array) =>
      Array.from({ length: size * size }, (_, at) => Math.max(...pixels.subarray(at * 3, at * 3 + 3))).sort(
        (a, b) => a - b,
      );
    expect(darkest(plain)[8]).toBeGreaterThan(-0.5);
    expect(darkest(outlined)[8]).toBeLessThan(-0.5);
    const inside = (7 * size + 5) * 3 + 1;
    expect(outlined[inside]).toBeGreaterThan(plain[inside]!);
  });

  test("a mirror image's mirror image is the picture", () => {
    expect(mirrored(mirrored(square(), size), size)).toEqual(square());
    expect(mirrored(square(), size)).not.toEqual(square());
  });
});
