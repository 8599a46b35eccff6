import { z } from "zod";
import { functional } from "../core/functional.ts";
import { float32 } from "../core/port.ts";
import { multiply } from "../engine/ops/elementwise.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { cast, equal, expandDims, notEqual, range, scalar, sub, sum } from "../engine/tensor.ts";
import { tokenVectors } from "./sumOfWords.ts";

/**
 * The vector of a row's last token, where padding follows the text.
 *
 * last[b] = vectors[b, n − 1] for a row of n tokens. Shapes: `words` [batch, words], `vectors` [batch, words, dim], `last` [batch, dim];
 * zeros for a row that is padding alone.
 *
 * @see Radford et al. 2021, CLIP, section 2.4 (the activation at the end-of-text token), arXiv:2103.00020
 */
export const LastToken = definePrimitive({
  name: "LastToken",
  title: "Last token",
  category: "Language",
  summary: "The vector of a row's last token, where padding follows the text.",
  paper: "arXiv:2103.00020, 2.4",
  config: z.strictObject({}),
  example: {},
  exampleSizes: { batch: 2, words: 3, dim: 4 },
  inputs: tokenVectors,
  outputs: { last: float32("batch dim", "one vector a row") },
  build:
    () =>
    ({ words, vectors }) => {
      const count = sum(cast(notEqual(words, scalar(0, "int32")), "int32"), 1, true); // [B, 1]
      const positions = expandDims(range(0, words.shape[1]!, 1, "int32"), 0); // [1, W]
      const isLast = cast(equal(positions, sub(count, scalar(1, "int32"))), "float32"); // [B, W]
      return sum(multiply(vectors, expandDims(isLast, 2)), 1);
    },
});

/** The vector of each row's last token. */
export const lastToken = functional(LastToken);
