import { beforeAll, describe, expect, test } from "vitest";
import type { Ports } from "../../src/core/port.ts";
import { emojiConcepts, trainStyles } from "../../src/data/emoji/concepts.ts";
import { emojiTokenizer } from "../../src/data/emoji/emoji.ts";
import type { OpenSource } from "../../src/data/source.ts";
import { EmojiDocuments } from "../../src/data/sources/emojiDocuments.ts";
import { EmojiPairs } from "../../src/data/sources/emojiPairs.ts";
import { EmojiSentences } from "../../src/data/sources/emojiSentences.ts";
import * as sourcesByName from "../../src/data/sources/index.ts";
import { MovingShapePairs } from "../../src/data/sources/movingShapePairs.ts";
import { MovingShapes } from "../../src/data/sources/movingShapes.ts";
import { NamedShapePairs } from "../../src/data/sources/namedShapePairs.ts";
import { NamedShapes } from "../../src/data/sources/namedShapes.ts";
import { NamedShapeTexts } from "../../src/data/sources/namedShapeTexts.ts";
import { PretrainingTexts } from "../../src/data/sources/pretrainingTexts.ts";
import { WebDataset } from "../../src/data/sources/webDataset.ts";
import { byteTokenizer } from "../../src/data/texts/byteTokenizer.ts";
import { formatFile } from "./dataFormats.ts";
import { drawingCache, drawingSize, renderedDrawings, renderingTime } from "./renderedDrawings.ts";

const tokenizer = emojiTokenizer();
const concepts = emojiConcepts();
const heldOutLabels = new Set(concepts.filter(({ heldOut }) => heldOut).map(({ label }) => label));

const context = (seed: number) => ({
  seed,
  cache: drawingCache,
  warn: () => {},
  progress: () => {},
});
const small = { imageSize: drawingSize, batch: 5 };
const documents = (seed: number, tokenizer = "bytes") =>
  EmojiDocuments.open(EmojiDocuments.config.parse({ ...small, media: 3, tokenizer }), context(seed));
const pairs = (seed: number) =>
  EmojiPairs.open(EmojiPairs.config.parse({ ...small, tokenizer: "words" }), context(seed));
const sentences = (seed: number) =>
  EmojiSentences.open(EmojiSentences.config.parse({ batch: 5, length: 12 }), context(seed));
const shapes = (seed: number) =>
  NamedShapes.open(NamedShapes.config.parse({ batch: 3, imageSize: 16, scenes: 120 }), context(seed));
const shapePairs = (seed: number) =>
  NamedShapePairs.open(NamedShapePairs.config.parse({ batch: 4, imageSize: 16 }), context(seed));
const videos = (seed: number) =>
  MovingShapes.open(MovingShapes.config.parse({ batch: 3, frames: 4, imageSize: 16 }), context(seed));
const framePairs = (seed: number) =>
  MovingShapePairs.open(MovingShapePairs.config.parse({ batch: 4, imageSize: 16 }), context(seed));
const shapeTexts = (seed: number) => NamedShapeTexts.open(NamedShapeTexts.config.parse({ entries: 32 }), context(seed));

const texts = (seed: number) =>
  PretrainingTexts.open(PretrainingTexts.config.parse({ batch: 5, length: 12 }), context(seed));

const webDataset = (seed: number) =>
  WebDataset.open(
    WebDataset.config.parse({ ...small, shards: formatFile("pairs-{000000..000001}.tar"), shuffle: 8 }),
    context(seed),
  );

beforeAll(renderedDrawings, renderingTime);

describe.each([
  ["EmojiDocuments", documents, EmojiDocuments.outputs],
  ["EmojiPairs", pairs, EmojiPairs.outputs],
  ["EmojiSentences", sentences, EmojiSentences.outputs],
  ["MovingShapes", videos, MovingShapes.outputs],
  ["MovingShapePairs", framePairs, MovingShapePairs.outputs],
  ["NamedShapes", shapes, NamedShapes.outputs],
  ["NamedShapePairs", shapePairs, NamedShapePairs.outputs],
  ["NamedShapeTexts", shapeTexts, NamedShapeTexts.outputs],
  ["PretrainingTexts", texts, PretrainingTexts.outputs],
  ["WebDataset", webDataset, WebDataset.outputs],
] as [string, (seed: number) => Promise<OpenSource>, Ports][])("%s", (_name, open, outputs) => {
  test("a batch is a pure function of the seed and its number", async () => {
    const [one, other, elsewhere] = [await open(1), await open(1), await open(2)];
    const third = await one.batch(3);
    await one.batch(4);
    expect(await other.batch(3)).toEqual(third);
    expect(await one.batch(3)).toEqual(third);
    expect(await one.batch(4)).not.toEqual(third);
    expect(await elsewhere.batch(3)).not.toEqual(third);
  });

  test("a batch has every output, of its type, with as many numbers as its shape says", async () => {
    const batch = await (await open(1)).batch(0);
    expect(Object.keys(batch).sort()).toEqual(Object.keys(outputs).sort());
    for (const [port, { shape, data }] of Object.entries(batch)) {
      expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
      expect(shape).toHaveLength(outputs[port]!.shape.length);
      expect(data instanceof Int32Array ? "int32" : "float32").toBe(outputs[port]!.dtype);
    }
  });
});

test("images lie between -1 and 1", async () => {
  const { data } = (await documents(1)).batch(0).images!;
  expect(data.every((value) => value >= -1 && value <= 1)).toBe(true);
  expect(Math.max(...data)).toBeGreaterThan(0.8);
  expect(Math.min(...data)).toBeLessThan(-0.3);
});

test.each(["bytes", "words"])(
  "documents have a tag for each image and captions that are labels, none of a held-out concept: %s",
  async (name) => {
    const labels = new Set(concepts.map(({ label }) => label));
    const source = await documents(4, name);
    const { image, endOfChunk, pad } = source.tokenizer!.special;
    for (let index = 0; index < 60; index++) {
      const { ids } = source.batch(index);
      const length = ids!.shape[1]!;
      for (let row = 0; row < 5; row++) {
        const text = [...ids!.data.subarray(row * length, (row + 1) * length)].filter((id) => id !== pad);
        const starts = text.flatMap((id, at) => (id === image ? [at + 1] : []));
        expect(starts).toHaveLength(3);
        for (const start of starts) {
          const caption = source.tokenizer!.decode(text.slice(start, text.indexOf(endOfChunk, start)));
          expect(labels.has(caption), caption).toBe(true);
          expect(heldOutLabels.has(caption), caption).toBe(false);
        }
      }
    }
  },
);

test("with repeats every further drawing of a document shows a concept of an earlier one", async () => {
  const config = EmojiDocuments.config.parse({ ...small, media: 3, repeats: 1 });
  const { ids } = (await EmojiDocuments.open(config, context(7))).batch(0);
  const length = ids!.shape[1]!;
  const { image, endOfChunk } = byteTokenizer().special;
  for (let row = 0; row < small.batch; row++) {
    const words = [...ids!.data.subarray(row * length, (row + 1) * length)];
    const starts = words.flatMap((id, at) => (id === image ? [at + 1] : []));
    const captions = starts.map((start) => words.slice(start, words.indexOf(endOfChunk, start)).join());
    expect(captions).toHaveLength(3);
    expect(new Set(captions).size).toBe(1);
  }
});

test("pairs show no held-out concept either, and their words say what they show", async () => {
  const source = await pairs(4);
  for (let index = 0; index < 60; index++) {
    const { words, concept } = source.batch(index);
    concept!.data.forEach((which, row) => {
      expect(concepts[which]!.heldOut).toBe(false);
      const bag = new Set(words!.data.subarray(row * words!.shape[1]!, (row + 1) * words!.shape[1]!));
      for (const id of tokenizer.encode(concepts[which]!.label)) expect(bag.has(id)).toBe(true);
    });
  }
});

const sources = Object.values(sourcesByName);

test("sources are listed once each, and their examples are configurations", () => {
  expect(new Set(sources.map(({ name }) => name)).size).toBe(sources.length);
  for (const { config, example } of sources) expect(config.safeParse(example).success).toBe(true);
  expect(trainStyles).not.toContain("fluent-emoji-flat");
});
