import { z } from "zod";
import { count } from "../core/configFields.ts";
import { float32 } from "../core/port.ts";
import { joinTokens, tokenLogits } from "../engine/ops/embedding.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { vocabularyFields } from "./tokenEmbedding.ts";

/**
 * Logits by an output matrix of their own: a score of each token as the next.
 *
 * logits[b, t, w] = hidden[b, t] · weight[w], with the rows of new tokens, `new_tokens`, after the pretrained ones. Shapes: `hidden`
 * [batch, length, dim], `logits` [batch, length, vocabulary + newTokens]; before softmax, in nats.
 *
 * @see Black et al. 2022, GPT-NeoX, arXiv:2204.06745; Touvron et al. 2023, LLaMA, arXiv:2302.13971
 */
export const UntiedLogits = definePrimitive({
  name: "UntiedLogits",
  title: "Logits, untied",
  category: "Language",
  summary: "Logits by an output matrix of their own: a score of each token as the next.",
  paper: "arXiv:2302.13971",
  config: z.strictObject({ ...vocabularyFields, dim: count("Width", "Channels of the hidden states.", "channels") }),
  example: { vocabulary: 7, newTokens: 2, dim: 6 },
  exampleSizes: { batch: 2, length: 5 },
  inputs: { hidden: float32("batch length dim", "hidden states after the last layer") },
  outputs: { logits: float32("batch length vocabulary+newTokens", "scores of each token as the next") },
  chunks: { along: "length", cache: true },
  build({ vocabulary, newTokens, dim }, { weight, matrix }) {
    const pretrained = matrix("weight", [vocabulary, dim], { kind: "normal", std: 0.02 });
    const added =
      newTokens > 0
        ? weight("new_tokens", [newTokens, dim], { kind: "normal", std: 0.02 }, { role: "embedding", new: true })
        : undefined;
    const join = () => (added ? joinTokens(pretrained, added) : pretrained);
    return ({ hidden }, cache) => tokenLogits(hidden, cache ? cache.once("table", join) : join());
  },
});
