import { z } from "zod";
import { functional } from "../core/functional.ts";
import { int32 } from "../core/port.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { cast, notEqual, scalar } from "../engine/tensor.ts";

/**
 * Which positions of a batch of texts are tokens, and not padding.
 *
 * mask[b, t] = 1 where words[b, t] ≠ 0, else 0. Shapes: `words` and `mask` [batch, words].
 */
export const TokenMask = definePrimitive({
  name: "TokenMask",
  title: "Token mask",
  category: "Language",
  summary: "Which positions of a batch of texts are tokens, and not padding.",
  config: z.strictObject({}),
  example: {},
  exampleSizes: { batch: 2, words: 4 },
  inputs: { words: int32("batch words", "token ids, 0 for padding") },
  outputs: { mask: int32("batch words", "1 at each token, 0 at padding") },
  build:
    () =>
    ({ words }) =>
      cast(notEqual(words, scalar(0, "int32")), "int32"),
});

/** 1 at each token, 0 at padding. */
export const tokenMask = functional(TokenMask);
