import { expect, test } from "vitest";
import type { AttentionImage } from "../../src/channels/attention.ts";
import { isRight } from "../../src/channels/samples.ts";
import { attentionScale, firstContentToken, tokenAttention } from "../../src/channels/tokenAttention.ts";

const even = [0.25, 0.25, 0.25, 0.25];
const image: AttentionImage = {
  image: 0,
  label: "red apple",
  tokens: ["<image>", ",", "red"],
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

test("a token's attention sums to 1 in a layer and over the mean of layers", () => {
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  for (const layer of [0, 1, "mean"] as const)
    for (const token of [0, 1, 2]) expect(sum(tokenAttention(image, layer, token))).toBeCloseTo(1, 12);
  expect(tokenAttention(image, "mean", 0)).toEqual([0.625, 0.125, 0.125, 0.125]);
});

test("the scale ends at the largest attention of any token, and leaves even attention dark", () => {
  expect(attentionScale(image, 0)).toEqual({ end: 1, even: 0.25 });
  const flat = { ...image, resampler: [even, even] };
  expect(attentionScale(flat, "mean")).toEqual({ end: 0.75, even: 0.25 });
});

test("the first token that is shown is text", () => {
  expect(firstContentToken(image.tokens)).toBe(2);
  expect(firstContentToken(["<image>", "."])).toBe(0);
});

test("a caption is right if it is the label, whatever its case and its stop", () => {
  expect(isRight({ label: "red apple", caption: " Red  apple." })).toBe(true);
  expect(isRight({ label: "red apple", caption: "apple" })).toBe(false);
});
