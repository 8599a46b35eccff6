import { z } from "zod";
import { count } from "../core/configFields.ts";
import { defineBlock } from "../core/defineBlock.ts";
import { float32 } from "../core/port.ts";
import { Attention, headFields } from "./attention.ts";
import { chunk } from "./chunk.ts";
import { concat } from "./concat.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Linear } from "./linear.ts";

/**
 * Cross-attention of the resampler: latents attend to the features and to each other.
 *
 * Queries come from the latents; keys and values from features and latents together, features first. Both are
 * normalised first, each by its own LayerNorm; no biases, no mask. Shapes: `features` [batch, media, features, dim],
 * `latents` and `update` [batch, media, latents, dim]. The residual connection is the caller's.
 *
 * @see Alayrac et al. 2022, Flamingo, section 2.1 and Figure 5, arXiv:2204.14198
 */
export const PerceiverAttention = defineBlock({
  name: "PerceiverAttention",
  title: "Perceiver attention",
  category: "Vision",
  summary: "Cross-attention of the resampler: latents attend to the features and to each other.",
  paper: "2.1, Figure 5",
  config: z.strictObject({
    dim: count("Width", "Channels of features and latents.", "channels"),
    ...headFields,
  }),
  example: { dim: 8, heads: 2, headDim: 4 },
  exampleSizes: { batch: 2, media: 1, features: 5, latents: 3 },
  inputs: {
    features: float32("batch media features dim", "visual features of each image"),
    latents: float32("batch media latents dim", "latents, the queries"),
  },
  outputs: { update: float32("batch media latents dim", "the update for each latent") },
  layer: true,
  build({ dim, heads, headDim }, { child }) {
    const inner = heads * headDim;
    const normMedia = child("norm_media", LayerNorm, { dim });
    const normLatents = child("norm_latents", LayerNorm, { dim });
    const toQuery = child("to_q", Linear, { inDim: dim, outDim: inner });
    const toKeyValue = child("to_kv", Linear, { inDim: dim, outDim: 2 * inner });
    const attend = child("attend", Attention, { heads, headDim });
    const toOut = child("to_out", Linear, { inDim: inner, outDim: dim });
    const split = chunk.with({ dim: inner });
    return ({ features, latents }) => {
      const queries = normLatents(latents); // [B, M, N, D]
      const seen = concat(normMedia(features), queries); // [B, M, V + N, D]
      const { first: key, second: value } = split(toKeyValue(seen)); // [B, M, V + N, H·d] each
      return toOut(attend({ query: toQuery(queries), key, value }));
    };
  },
});
