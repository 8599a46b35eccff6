import { z } from "zod";
import { count } from "../core/configFields.ts";
import { FlamingoError } from "../core/errors.ts";
import { float32, int32 } from "../core/port.ts";
import { unrecorded } from "../engine/autodiff/tfjsInternals.ts";
import { add } from "../engine/ops/elementwise.ts";
import { joinTokens, tokenVectors } from "../engine/ops/embedding.ts";
import { equalTo } from "../engine/ops/mediaMask.ts";
import { hostValues } from "../engine/read.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { cast, expandDims, mul, scalar, sub, type Tensor } from "../engine/tensor.ts";

/** The sizes of a vocabulary with Flamingo's new tokens, as configuration fields. */
export const vocabularyFields = {
  vocabulary: count("Vocabulary", "Tokens that the language model was pretrained with.", "tokens"),
  newTokens: z.int().nonnegative().default(0).meta({
    title: "New tokens",
    description:
      "Tokens added for Flamingo (<image> and <|endofchunk|>): they learn even where the language model is frozen.",
    unit: "tokens",
  }),
};

/** How far apart token embeddings start, as a configuration field. */
export const embeddingStdField = z.number().positive().default(0.02).meta({
  title: "Initial spread of embeddings",
  description: "Standard deviation of the token embeddings before training: 0.02 (GPT-2), or 1 (PyTorch's default).",
});

/** The token that pads texts, as a configuration field. */
export const paddingTokenField = z.int().nonnegative().optional().meta({
  title: "Padding token",
  description: "Id of a token whose vector learns nothing where it is read (PyTorch's padding_idx).",
});

/**
 * Token embedding: a vector for each token id, and the table of all vectors for tied logits.
 *
 * hidden[b, t] = table[ids[b, t]], where table is the pretrained `weight` [vocabulary, dim] with the new tokens'
 * `new_tokens` [newTokens, dim] below it. Shapes: `ids` [batch, length], `hidden` [batch, length, dim], `table`
 * [vocabulary + newTokens, dim]. Only the new rows learn in a frozen language model, as in OpenFlamingo.
 *
 * @throws FlamingoError INVALID_DATA for an id that the table has no row for
 * @see OpenFlamingo v2.0.1 (resized embeddings); Press and Wolf 2017 (shared with the logits), arXiv:1608.05859
 */
export const TokenEmbedding = definePrimitive({
  name: "TokenEmbedding",
  title: "Token embedding",
  category: "Language",
  summary: "Token embedding: a vector for each token id, and the table of all vectors for tied logits.",
  paper: "arXiv:1608.05859",
  config: z.strictObject({
    ...vocabularyFields,
    dim: count("Width", "Channels of each vector.", "channels"),
    paddingToken: paddingTokenField,
    std: embeddingStdField,
  }),
  example: { vocabulary: 7, newTokens: 2, dim: 6 },
  exampleSizes: { batch: 2, length: 5 },
  inputs: { ids: int32("batch length", "token ids") },
  outputs: {
    hidden: float32("batch length dim", "a vector for each token"),
    table: float32("vocabulary+newTokens dim", "the vectors of all tokens"),
  },
  chunks: { along: "length", cache: true },
  build({ vocabulary, newTokens, dim, paddingToken, std }, { weight, matrix }) {
    const pretrained = matrix("weight", [vocabulary, dim], { kind: "normal", std }, { role: "embedding" });
    const added =
      newTokens > 0
        ? weight("new_tokens", [newTokens, dim], { kind: "normal", std }, { role: "embedding", new: true })
        : undefined;
    const join = () => (added ? joinTokens(pretrained, added) : pretrained);
    return ({ ids }, cache) => {
      const known = hostValues(ids);
      if (known) requireTokens(known, vocabulary, newTokens);
      const table = cache ? cache.once("table", join) : join();
      const vectors = tokenVectors(table, ids);
      return { hidden: paddingToken === undefined ? vectors : keepConstant(vectors, ids, paddingToken), table };
    };
  },
});

/** The same vectors, but those of one token pass no gradient on. */
function keepConstant(vectors: Tensor, ids: Tensor, token: number): Tensor {
  const is = expandDims(cast(equalTo(ids, token), "float32"), -1); // [B, L, 1]
  const constant = unrecorded(() => mul(vectors, is));
  return add(mul(vectors, sub(scalar(1), is)), constant);
}

/** A device does not check indices: beyond the table it would read other memory. */
function requireTokens(ids: ArrayLike<number>, vocabulary: number, newTokens: number): void {
  const tokens = vocabulary + newTokens;
  for (let at = 0; at < ids.length; at++) {
    const id = ids[at]!;
    if (id >= 0 && id < tokens) continue;
    const size = newTokens > 0 ? `${vocabulary} tokens and ${newTokens} new ones` : `${vocabulary} tokens`;
    throw new FlamingoError(
      "INVALID_DATA",
      `the text has token ${id}, but the vocabulary has ${size}: 0 to ${tokens - 1}`,
      {
        block: "TokenEmbedding",
        port: "ids",
        expected: tokens,
        actual: id,
        fix: "set vocabulary and newTokens to those of the tokenizer that made the text",
      },
    );
  }
}
