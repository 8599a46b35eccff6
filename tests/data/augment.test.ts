import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../../src/core/random.ts";
import { augmentInto, mirrorsWell } from "../../src/data/augment.ts";
import { emojiConcepts } from "../../src/data/emoji/concepts.ts";
import { mirrored } from "../../src/data/pixels.ts";

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

  test("stays between -1 and 1, whatever the picture", () => {
    const pixel = fc.constantFrom(0, 1, 60, 128, 200, 254, 255);
    const picture = fc.array(pixel, { minLength: 6 * 6 * 3, maxLength: 6 * 6 * 3 });
    fc.assert(
      fc.property(picture, fc.nat(), fc.boolean(), fc.constantFrom(0, 1), (pixels, seed, mirror, outlines) => {
        const target = new Float32Array(pixels.length);
        augmentInto(target, 0, Uint8Array.from(pixels), 6, new Random(seed), { mirror, outlines });
        expect(target.every((value) => value >= -1 && value <= 1)).toBe(true);
      }),
    );
  });

  test("turns, scales and moves alike whether or not it may mirror: the rest of the stream is not shifted", () => {
    const seeds = Array.from({ length: 40 }, (_, seed) => seed);
    const same = seeds.filter((seed) => {
      const [free, bound] = [true, false].map((mirror) => view(seed, { mirror, outlines: 0.5 }));
      return free!.every((value, at) => value === bound![at]);
    });
    expect(same.length).toBeGreaterThan(10); // those that are not mirrored are the same to the last bit
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

describe("a mirror", () => {
  test("is not held to what has a side, or a twin that looks the other way", () => {
    const labels = emojiConcepts().map(({ label }) => label);
    const sided = labels.filter((label) => !mirrorsWell(label));
    for (const word of [
      "left",
      "right",
      "leftwards",
      "rightwards",
      "waxing",
      "waning",
      "first quarter",
      "last quarter",
    ])
      expect(
        sided.some((label) => label.includes(word)),
        word,
      ).toBe(true);
    expect(sided.length).toBeLessThan(0.03 * labels.length);
  });

  test("is held to what only sounds like it", () => {
    for (const label of ["bright button", "copyright", "full moon", "grinning face"])
      expect(mirrorsWell(label), label).toBe(true);
  });
});
