import { describe, expect, test } from "vitest";
import { Random } from "../../src/core/random.ts";
import { frameTokenizer, frameWords } from "../../src/data/movingShapes/frameWords.ts";
import { heldOutVideos } from "../../src/data/movingShapes/heldOutVideos.ts";
import { type Motion, motions, progressOf } from "../../src/data/movingShapes/motions.ts";
import { drawVideo } from "../../src/data/movingShapes/video.ts";
import { plainName, seenCombinations, unseenCombinations } from "../../src/data/namedShapes/words.ts";
import { MovingShapePairs } from "../../src/data/sources/movingShapePairs.ts";
import { MovingShapes } from "../../src/data/sources/movingShapes.ts";
import { byteTokenizer } from "../../src/data/texts/byteTokenizer.ts";

const frames = 8;
const size = 32;
const context = { seed: 3, cache: "", warn: () => {}, progress: () => {} };

/** Where the shape of each frame is and how large: the mean place and the number of the pixels that differ from the ground. */
function tracksOf(motion: Motion, seed: number) {
  const pixels = new Uint8Array(frames * size * size * 3);
  const blueSquare = 5 * 8 + 1;
  drawVideo(pixels, 0, { frames, size }, blueSquare, motion, new Random(seed));
  return Array.from({ length: frames }, (_, frame) => {
    let [x, y, area] = [0, 0, 0];
    for (let at = 0; at < size * size; at++) {
      if (pixels[(frame * size * size + at) * 3]! > 150) continue; // little red: the shape
      x += at % size;
      y += Math.floor(at / size);
      area++;
    }
    return { x: x / area, y: y / area, radius: Math.sqrt(area) };
  });
}

describe("motions", () => {
  test("the four of a kind visit the same places, each once, in four orders", () => {
    for (const change of ["x", "y", "radius"]) {
      const orders = motions.filter((motion) => motion.change === change).map((motion) => progressOf(motion, frames));
      expect(orders.length).toBe(4);
      expect(new Set(orders.map(String)).size).toBe(4);
      for (const order of orders) expect([...order].sort()).toEqual([...orders[0]!].sort());
    }
  });

  test.each(motions)("a shape that $words does so", (motion) => {
    const tracks = tracksOf(motion, 5);
    const values = tracks.map((track) => track[motion.change]);
    const order = progressOf(motion, frames);
    const byProgress = order.map((_, at) => at).sort((a, b) => order[a]! - order[b]!);
    const sorted = byProgress.map((at) => values[at]!);
    sorted.slice(1).forEach((value, at) => {
      expect(value).toBeGreaterThan(sorted[at]!);
    });
    const still = (["x", "y", "radius"] as const).filter((each) => each !== motion.change);
    for (const each of still) {
      const others = tracks.map((track) => track[each]);
      expect(Math.max(...others) - Math.min(...others)).toBeLessThan(1.5);
    }
  });

  test("there is one caption for each motion", () => {
    expect(new Set(motions.map(({ words }) => words)).size).toBe(12);
    expect(motions.map(({ words }) => words)).toContain("moves left and back");
  });
});

describe("moving shapes", () => {
  test("a caption names the shape and its motion, and no training shows an unseen combination", async () => {
    const source = await MovingShapes.open(MovingShapes.config.parse({ batch: 32 }), context);
    const { ids, images } = source.batch(0);
    expect(images!.shape).toEqual([32, 1, frames, size, size, 3]);
    const length = ids!.shape[1]!;
    const unseen = new Set([...unseenCombinations].map(plainName));
    const said = motions.map(({ words }) => words);
    for (let row = 0; row < 32; row++) {
      const { pad, bos, image, endOfChunk } = byteTokenizer().special;
      const words = [...ids!.data.subarray(row * length, (row + 1) * length)].filter(
        (id) => ![pad, bos, image, endOfChunk].includes(id),
      );
      const [colour, shape, ...motion] = byteTokenizer().decode(words).trim().split(" ");
      expect(unseen.has(`${colour} ${shape}`)).toBe(false);
      expect(said).toContain(motion.join(" "));
    }
  });

  test("shuffled videos have the same frames in another order, and the first frame is all that the third set shows", () => {
    const [whole, shuffled, first] = heldOutVideos(frames, size).map((set) => set.examples(12));
    const framesOf = (pixels: Float32Array) =>
      Array.from({ length: frames }, (_, at) =>
        pixels.subarray((at * pixels.length) / frames, ((at + 1) * pixels.length) / frames).join(),
      );
    let moved = 0;
    whole!.forEach((example, index) => {
      const all = framesOf(example.media[0]!.pixels);
      const others = framesOf(shuffled![index]!.media[0]!.pixels);
      expect([...others].sort()).toEqual([...all].sort());
      if (others.join() !== all.join()) moved++;
      expect(new Set(framesOf(first![index]!.media[0]!.pixels))).toEqual(new Set([all[0]]));
      expect(shuffled![index]!.captions).toEqual(example.captions);
      expect(example.candidates![example.right!]).toBe(example.captions![0]);
    });
    expect(moved).toBeGreaterThan(10);
  });
});

describe("words of a frame", () => {
  test("they say where the shape is and how large", () => {
    const [red] = seenCombinations;
    const name = plainName(red!);
    const small = { radius: 0.12 * size, tilt: 0 };
    expect(frameWords(red!, { ...small, x: small.radius, y: size - small.radius }, size)).toBe(
      `${name} leftmost bottommost tiny`,
    );
    const large = { radius: 0.34 * size, tilt: 0 };
    expect(frameWords(red!, { ...large, x: size / 2, y: size / 2 }, size)).toBe(`${name} centre middle huge`);
  });

  test("pairs with the same words are one concept, and every word is known", async () => {
    const source = await MovingShapePairs.open(MovingShapePairs.config.parse({ imageSize: 8 }), context);
    const { words, concept } = source.batch(1);
    const texts = Array.from(concept!.data, (_, row) => words!.data.subarray(5 * row, 5 * row + 5).join());
    const numbers = new Map(texts.map((text, row) => [text, concept!.data[row]]));
    texts.forEach((text, row) => {
      expect(concept!.data[row]).toBe(numbers.get(text));
    });
    expect(new Set(concept!.data).size).toBe(numbers.size);
    expect(words!.data.includes(frameTokenizer().special.unk as never)).toBe(false);
  });
});
