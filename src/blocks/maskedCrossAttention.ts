import { z } from "zod";
import { count } from "../core/configFields.ts";
import { defineBlock } from "../core/defineBlock.ts";
import { float32 } from "../core/port.ts";
import { Attention, headFields } from "./attention.ts";
import { chunk } from "./chunk.ts";
import { flattenMedia } from "./flattenMedia.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Linear } from "./linear.ts";
import { mediaMask, mediaMaskFields } from "./mediaMask.ts";
import { locationsPort, mediaPort } from "./mediaPorts.ts";

/** The configuration of cross-attention from text to media. */
export const crossAttentionFields = {
  dim: count("Text width", "Channels of the language model's residual stream.", "channels"),
  visualDim: count("Visual width", "Channels of each visual token.", "channels"),
  ...headFields,
  ...mediaMaskFields,
};

/**
 * Cross-attention from text to media: each token attends to the visual tokens of the last image before it.
 *
 * softmax(q kᵀ / √headDim) v with q from LayerNorm(text), k and v from the media, which the resampler has normalised;
 * no biases. A token before the first image gets zeros (`immediate`), or the mean over all images (`allPrevious`, as in
 * OpenFlamingo). Shapes: `text` and `update` [batch, length, dim], `media` [batch, media, latents, visualDim],
 * `locations` [batch, length]. The residual connection is the caller's. Weights are named as in OpenFlamingo.
 *
 * @throws FlamingoError MEDIA_COUNT if a row has another number of `<image>` tokens than images
 * @see Alayrac et al. 2022, Flamingo, section 2.3 and Figure 7, arXiv:2204.14198
 */
export const MaskedCrossAttention = defineBlock({
  name: "MaskedCrossAttention",
  title: "Masked cross-attention",
  category: "Fusion",
  summary: "Cross-attention from text to media: each token attends to the visual tokens of the last image before it.",
  paper: "2.3, Figure 7",
  config: z.strictObject(crossAttentionFields),
  example: { dim: 8, visualDim: 6, heads: 2, headDim: 4, padded: true },
  exampleSizes: { batch: 2, length: 5, media: 2, latents: 3 },
  inputs: {
    text: float32("batch length dim", "hidden states of the language model"),
    media: mediaPort,
    locations: locationsPort,
  },
  outputs: { update: float32("batch length dim", "the update for each token") },
  build({ dim, visualDim, heads, headDim, attend, padded }, { child }) {
    const inner = heads * headDim;
    const norm = child("norm", LayerNorm, { dim });
    const toQuery = child("to_q", Linear, { inDim: dim, outDim: inner });
    const toKeyValue = child("to_kv", Linear, { inDim: visualDim, outDim: 2 * inner });
    const emptyRows = attend === "immediate" ? "zero" : "uniform";
    const crossAttend = child("attend", Attention, { heads, headDim, emptyRows });
    const toOut = child("to_out", Linear, { inDim: inner, outDim: dim });
    const split = chunk.with({ dim: inner });
    const maskOf = mediaMask.with({ attend, padded });
    return ({ text, media, locations }) => {
      const query = toQuery(norm(text)); // [B, L, H·d]
      const { first: key, second: value } = split(toKeyValue(flattenMedia(media))); // [B, M·N, H·d] each
      return toOut(crossAttend({ query, key, value, mask: maskOf(locations, media) }));
    };
  },
});
