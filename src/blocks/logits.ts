import { z } from "zod";
import { float32 } from "../core/port.ts";
import { tokenLogits } from "../engine/ops/embedding.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";

/**
 * Scores every token as the next one, by the embeddings themselves.
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
  summary: "Scores every token as the next one, by the embeddings themselves.",
  paper: "arXiv:1608.05859",
  config: z.strictObject({}),
  example: {},
  exampleSizes: { batch: 2, length: 5, dim: 6, tokens: 9 },
  inputs: {
    hidden: float32("batch length dim", "hidden states after the last layer"),
    table: float32("tokens dim", "the vectors of all tokens"),
  },
  outputs: { logits: float32("batch length tokens", "scores of each token as the next") },
  pieces: { along: "length" },
  build:
    () =>
    ({ hidden, table }) =>
      tokenLogits(hidden, table),
});
