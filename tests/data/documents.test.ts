import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { captionDocuments, maskedTargets, packedTexts } from "../../src/data/documents.ts";
import { Tokenizer } from "../../src/data/tokenizer.ts";

const words = new Tokenizer(["red", "cat", "dog", "before"]);
const { pad, bos, eos, image, endOfChunk } = words.special;
const [red, cat, dog, before] = words.encode("red cat dog before") as [number, number, number, number];

/**
 * OpenFlamingo's masking written as it says it, token by token: labels are the ids, with -100 for padding and `<image>`,
 * before the first `<image>`, and after each `<|endofchunk|>` up to the next `<image>`; the loss then shifts them by one.
 */
function openFlamingoTargets(ids: readonly number[]): number[] {
  const labels = ids.map((id) => (id === pad || id === image ? -100 : id));
  const first = ids.indexOf(image);
  labels.fill(-100, 0, first < 0 ? ids.length : first);
  ids.forEach((id, end) => {
    if (id !== endOfChunk) return;
    for (let at = end + 1; at < ids.length && ids[at] !== image; at++) labels[at] = -100;
  });
  return [...labels.slice(1), -100];
}

describe("documents", () => {
  test("a pair is framed, and its words and the end of its chunk are what is learnt", () => {
    const { ids, targets, length } = captionDocuments([[[red, cat]]], 1, words.special);
    expect([...ids]).toEqual([bos, image, red, cat, endOfChunk]);
    expect([...targets]).toEqual([-100, red, cat, endOfChunk, -100]);
    expect(length).toBe(5);
  });

  test("an interleaved document alternates images and captions, and shorter ones are padded", () => {
    const { ids, targets } = captionDocuments(
      [
        [[red, cat], [dog]],
        [[dog], [cat]],
      ],
      2,
      words.special,
    );
    expect([...ids.slice(0, 8)]).toEqual([bos, image, red, cat, endOfChunk, image, dog, endOfChunk]);
    expect([...ids.slice(8)]).toEqual([bos, image, dog, endOfChunk, image, cat, endOfChunk, pad]);
    expect([...targets.slice(0, 8)]).toEqual([-100, red, cat, endOfChunk, -100, dog, endOfChunk, -100]);
    expect([...targets.slice(8)]).toEqual([-100, dog, endOfChunk, -100, cat, endOfChunk, -100, -100]);
  });

  test("text before the first image and between a chunk's end and the next image is not learnt", () => {
    const ids = [bos, before, red, image, cat, endOfChunk, before, red, image, dog, endOfChunk, eos, pad];
    const targets = [-100, -100, -100, cat, endOfChunk, -100, -100, -100, dog, endOfChunk, -100, -100, -100];
    expect([...maskedTargets(Int32Array.from(ids), ids.length, words.special)]).toEqual(targets);
  });

  test("any mixture of tokens is masked as OpenFlamingo masks it", () => {
    const token = fc.constantFrom(bos, eos, image, endOfChunk, red, cat, dog, before);
    const row = fc.tuple(fc.array(token, { minLength: 1, maxLength: 20 }), fc.integer({ min: 0, max: 4 }));
    fc.assert(
      fc.property(row, row, ([a], [b, padding]) => {
        const length = Math.max(a.length, b.length) + padding;
        const rows = [a, b].map((ids) => [...ids, ...new Array<number>(length - ids.length).fill(pad)]);
        const targets = maskedTargets(Int32Array.from(rows.flat()), length, words.special);
        expect([...targets]).toEqual(rows.flatMap(openFlamingoTargets));
      }),
    );
  });

  test("a text before the first image is part of the document, and the loss does not count it", () => {
    const { ids, targets } = captionDocuments([[[red, cat]]], 1, words.special, { before: [[cat]] });
    const { image, endOfChunk } = words.special;
    expect([...ids]).toEqual([bos, cat, image, red, cat, endOfChunk]);
    expect([...targets]).toEqual([-100, -100, red, cat, endOfChunk, -100]);
  });

  test("another number of images than captions is refused, naming the row", () => {
    const two = [[red], [cat]];
    expect(() => captionDocuments([two, [[red], [cat], [dog]]], 2, words.special)).toThrowErrorMatchingInlineSnapshot(
      `[FlamingoError: row 1 has 3 <image> tokens in its text but 2 images]`,
    );
  });

  test("texts follow one another, and each next token but a new text's beginning is learnt", () => {
    const { ids, targets } = packedTexts(() => [red, cat], 1, 6, words.special);
    expect([...ids]).toEqual([bos, red, cat, eos, bos, red]);
    expect([...targets]).toEqual([red, cat, eos, -100, red, cat]);
  });
});
