import { z } from "zod";
import { float32, optional } from "../core/port.ts";
import { slot } from "../core/slot.ts";
import { tokenLogits } from "../engine/ops/embedding.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";

/**
 * Logits by the token embeddings: a score of each token as the next.
 *
 * logits[b, t, w] = hidden[b, t] · table[w]. Shapes: `hidden` [batch, length, dim], `table` [tokens, dim], `logits`
 * [batch, length, tokens]; before softmax, in nats.
 *
 * @see Press and Wolf 2017, Using the Output Embedding to Improve Language Models, arXiv:1608.05859
 */
export const Logits = definePrimitive({
  name: "Logits",
  title: "Logits",
  category: "Language",
  summary: "Logits by the token embeddings: a score of each token as the next.",
  paper: "arXiv:1608.05859",
  config: z.strictObject({}),
  example: {},
  exampleSizes: { batch: 2, length: 5, dim: 6, tokens: 9 },
  inputs: {
    hidden: float32("batch length dim", "hidden states after the last layer"),
    table: float32("tokens dim", "the vectors of all tokens"),
  },
  outputs: { logits: float32("batch length tokens", "scores of each token as the next") },
  chunks: { along: "length" },
  build:
    () =>
    ({ hidden, table }) =>
      tokenLogits(hidden, table),
});

/** A slot for the output layer of a language model. */
export const headSlot = slot({
  title: "Output layer",
  description: "Makes logits of the last hidden states: by the token embeddings (tied), or by a matrix of its own.",
  inputs: {
    hidden: float32("batch length dim", "hidden states after the last layer"),
    table: optional(float32("tokens dim", "the embeddings of all tokens")),
  },
  outputs: { logits: float32("batch length tokens", "scores of each token as the next") },
  given: ["dim", "vocabulary", "newTokens"],
  default: Logits,
});
