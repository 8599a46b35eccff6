import { expect, test } from "vitest";
import { attentionScale, firstContentWord, wordAttention } from "../../src/figures/attention.ts";
import { isRight } from "../../src/figures/captions.ts";
import type { AttentionPicture } from "../../src/runs/attentionFrame.ts";

const even = [0.25, 0.25, 0.25, 0.25];
const picture: AttentionPicture = {
  image: 0,
  label: "red apple",
  words: ["<image>", ",", "red"],
  cross: [
    [
      [1, 0],
      [0.5, 0.5],
      [0, 1],
    ],
    [
      [0, 1],
      [0.5, 0.5],
      [0, 1],
    ],
  ],
  resampler: [even, [1, 0, 0, 0]],
};

test("a word's attention is a share: it sums to 1 in a layer and over the mean of layers", () => {
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  for (const layer of [0, 1, "mean"] as const)
    for (const word of [0, 1, 2]) expect(sum(wordAttention(picture, layer, word))).toBeCloseTo(1, 12);
  expect(wordAttention(picture, "mean", 0)).toEqual([0.625, 0.125, 0.125, 0.125]);
});

test("the scale ends at the largest share of any word, and leaves an even look dark", () => {
  expect(attentionScale(picture, 0)).toEqual({ end: 1, even: 0.25 });
  const flat = { ...picture, resampler: [even, even] };
  expect(attentionScale(flat, "mean")).toEqual({ end: 0.75, even: 0.25 });
});

test("the first word that is looked at is a word", () => {
  expect(firstContentWord(picture.words)).toBe(2);
  expect(firstContentWord(["<image>", "."])).toBe(0);
});

test("a caption is right if it is the label, whatever its case and its stop", () => {
  expect(isRight({ label: "red apple", caption: " Red  apple." })).toBe(true);
  expect(isRight({ label: "red apple", caption: "apple" })).toBe(false);
});
