import { z } from "zod";
import { functional } from "../core/functional.ts";
import { float32, int32 } from "../core/port.ts";
import { multiply } from "../engine/ops/elementwise.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { cast, expandDims, notEqual, scalar, sum } from "../engine/tensor.ts";

/** The input ports of a block that makes one vector of a row's tokens. */
export const tokenVectors = {
  words: int32("batch words", "token ids, 0 for padding"),
  vectors: float32("batch words dim", "a vector for each of them"),
};

/**
 * The sum of the vectors of a row's tokens, without those of padding.
 *
 * sum[b] = Σ vectors[b, w] over words[b, w] ≠ 0. Shapes: `words` [batch, words], `vectors` [batch, words, dim], `sum`
 * [batch, dim].
 */
export const SumOfWords = definePrimitive({
  name: "SumOfWords",
  title: "Sum of words",
  category: "Language",
  summary: "The sum of the vectors of a row's tokens, without those of padding.",
  config: z.strictObject({}),
  example: {},
  exampleSizes: { batch: 2, words: 3, dim: 4 },
  inputs: tokenVectors,
  outputs: { sum: float32("batch dim", "one vector a row") },
  build:
    () =>
    ({ words, vectors }) => {
      const there = cast(notEqual(words, scalar(0, "int32")), "float32"); // [B, W]
      return sum(multiply(vectors, expandDims(there, 2)), 1);
    },
});

/** The sum of the vectors of tokens that are no padding. */
export const sumOfWords = functional(SumOfWords);
