import { beforeAll, describe, expect, test } from "vitest";
import { Prefetcher } from "../../src/data/prefetcher.ts";
import type { OpenSource } from "../../src/data/source.ts";
import { EmojiDocuments } from "../../src/data/sources/emojiDocuments.ts";
import { EmojiPairs } from "../../src/data/sources/emojiPairs.ts";
import { EmojiSentences } from "../../src/data/sources/emojiSentences.ts";
import { ImageFolder } from "../../src/data/sources/imageFolder.ts";
import { WebDataset } from "../../src/data/sources/webDataset.ts";
import { images } from "../execution/smallRun.ts";
import { formatFile } from "./dataFormats.ts";
import { drawingCache, drawingSize, renderedDrawings, renderingTime } from "./renderedDrawings.ts";

const context = { seed: 7, cache: drawingCache, warn: () => {}, progress: () => {} };
const shards = formatFile("pairs-000000.tar");
const size = { imageSize: drawingSize, batch: 3 };

beforeAll(renderedDrawings, renderingTime);

/** A source that notes which batches are drawn in this thread. */
function watched(source: OpenSource): { source: OpenSource; here: number[] } {
  const here: number[] = [];
  const batch = (index: number) => {
    here.push(index);
    return source.batch(index);
  };
  return { source: { ...source, batch }, here };
}

const sentences = () => EmojiSentences.open(EmojiSentences.config.parse({ batch: 2, length: 8 }), context);

describe.each([
  ["EmojiDocuments", () => EmojiDocuments.open(EmojiDocuments.config.parse(size), context)],
  ["EmojiPairs", () => EmojiPairs.open(EmojiPairs.config.parse(size), context)],
  ["EmojiSentences", sentences],
  ["ImageFolder", () => ImageFolder.open(ImageFolder.config.parse({ ...size, folder: images }), context)],
  ["WebDataset", () => WebDataset.open(WebDataset.config.parse({ ...size, shards }), context)],
])("%s drawn ahead", (_name, open) => {
  test("gives the very same batches, in whatever order they are taken", async () => {
    const { source, here } = watched(await open());
    const ahead = new Prefetcher(source, expect.unreachable);
    await ahead.started;
    const plain = await open();
    for (const index of [0, 1, 2, 50, 51, 3, 4, 5, 5])
      expect(await ahead.take(index)).toEqual(await plain.batch(index));
    expect(here).toEqual([0, 50, 3, 5]); // those that nobody could foresee
    await ahead.dispose();
  });

  test("has its pixels in shared memory, so that the thread holds no copy of them", async () => {
    for (const pixels of pixelsIn((await open()).state.data)) expect(pixels.buffer).toBeInstanceOf(SharedArrayBuffer);
  });
});

function pixelsIn(stock: unknown): Uint8Array[] {
  if (stock instanceof Uint8Array) return [stock];
  return typeof stock === "object" && stock !== null ? Object.values(stock).flatMap(pixelsIn) : [];
}

test("a batch that follows the one before is drawn in the thread, not here", async () => {
  const { source, here } = watched(await sentences());
  const ahead = new Prefetcher(source, expect.unreachable);
  await ahead.started;
  for (let index = 0; index < 20; index++) await ahead.take(index);
  expect(here).toEqual([0]);
  await ahead.dispose();
});

describe("a thread that fails", () => {
  test("is reported once, and the batches are made here", async () => {
    const plain = await sentences();
    const { source, here } = watched({ ...plain, state: { ...plain.state, data: {} } });
    const warnings: string[] = [];
    const ahead = new Prefetcher(source, (message) => warnings.push(message));
    await ahead.started;
    for (const index of [0, 1, 90, 91]) expect(await ahead.take(index)).toEqual(await plain.batch(index));
    expect(here.slice(-2)).toEqual([90, 91]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("batches are made between the steps");
    await ahead.dispose();
  });

  test("because of the source: who asks gets the source's own error", async () => {
    const plain = await sentences();
    const fault = new Error("no such image");
    const batch = (index: number) => {
      if (index >= 90) throw fault;
      return plain.batch(index);
    };
    const ahead = new Prefetcher({ state: { ...plain.state, data: {} }, batch }, () => {});
    for (const turn of ["before the thread is there", "after it"]) {
      await ahead.take(1);
      await expect(ahead.take(90), turn).rejects.toBe(fault);
      await ahead.started;
    }
    await ahead.dispose();
  });

  test("to start, since its data cannot be sent to it: the batches are made here", async () => {
    const plain = await sentences();
    const warnings: string[] = [];
    const source = { ...plain, state: { ...plain.state, data: { ...(plain.state.data as object), f: () => 1 } } };
    const ahead = new Prefetcher(source, (message) => warnings.push(message));
    for (const index of [0, 1, 2]) expect(await ahead.take(index)).toEqual(await plain.batch(index));
    expect(warnings).toEqual([expect.stringContaining("could not be cloned")]);
    await ahead.dispose();
  });
});

test("the thread ends when it is told to, even while it draws, and nobody waits for it forever", async () => {
  const plain = await sentences();
  const config = { ...(plain.state.config as object), batch: 1e7 }; // minutes, there
  const ahead = new Prefetcher({ ...plain, state: { ...plain.state, config } }, expect.unreachable);
  await ahead.started;
  await ahead.take(0); // asks the thread for the next
  const taken = ahead.take(1);
  expect(await Promise.race([taken, new Promise((resolve) => setImmediate(resolve, "waits"))])).toBe("waits");
  await ahead.dispose();
  expect(await taken).toEqual(plain.batch(1));
});
