import { z } from "zod";
import { count, defineBlock } from "../core/block.ts";
import { float32, int32 } from "../core/port.ts";
import { Attention } from "./attention.ts";
import { FlattenMedia } from "./flattenMedia.ts";
import { Halve } from "./halve.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Linear } from "./linear.ts";
import { attendField, MediaMask, paddedField } from "./mediaMask.ts";

/** The configuration of cross-attention from text to media. */
export const crossAttentionFields = {
  dim: count("Text width", "Channels of the language model's residual stream.", "channels"),
  visualDim: count("Visual width", "Channels of each visual token.", "channels"),
  heads: count("Heads", "Attention heads.").default(8),
  headDim: count("Head width", "Channels of each head.", "channels").default(64),
  attend: attendField,
  padded: paddedField,
};

/**
 * Lets each word attend to the visual tokens of the image just before it.
 *
 * softmax(q kᵀ / √headDim) v with q from LayerNorm(text), k and v from the media, which the resampler has normalised;
 * no biases. A word before the first image gets zeros (`immediate`), or the mean over all images (`allPrevious`, as in
 * the reference). Shapes: `text` and `update` [batch, length, dim], `media` [batch, media, latents, visualDim],
 * `locations` [batch, length]. The residual connection is the caller's. Weights are named as in OpenFlamingo.
 *
 * @throws FlamingoError MEDIA_COUNT if a row has another number of `<image>` tags than images
 * @see Alayrac et al. 2022, Flamingo, section 2.3 and Figure 7, arXiv:2204.14198
 */
export const MaskedCrossAttention = defineBlock({
  name: "MaskedCrossAttention",
  title: "Masked cross-attention",
  category: "Fusion",
  summary: "Lets each word attend to the visual tokens of the image just before it.",
  paper: "2.3, Figure 7",
  config: z.strictObject(crossAttentionFields),
  example: { dim: 8, visualDim: 6, heads: 2, headDim: 4, padded: true },
  exampleSizes: { batch: 2, length: 5, media: 2, latents: 3 },
  inputs: {
    text: float32("batch length dim", "hidden states of the language model"),
    media: float32("batch media latents visualDim", "visual tokens of each image"),
    locations: int32("batch length", "1 at each <image> tag, else 0"),
  },
  outputs: { update: float32("batch length dim", "what each word saw") },
  build({ dim, visualDim, heads, headDim, attend, padded }, { child }) {
    const inner = heads * headDim;
    const norm = child("norm", LayerNorm, { dim });
    const toQuery = child("to_q", Linear, { inDim: dim, outDim: inner });
    const flatten = child("flatten", FlattenMedia, {});
    const toKeyValue = child("to_kv", Linear, { inDim: visualDim, outDim: 2 * inner });
    const halve = child("halve", Halve, { dim: inner });
    const maskOf = child("mask", MediaMask, { attend, padded });
    const look = child("attend", Attention, {
      heads,
      headDim,
      looks: "media",
      emptyRows: attend === "immediate" ? "zero" : "uniform",
    });
    const toOut = child("to_out", Linear, { inDim: inner, outDim: dim });
    return ({ text, media, locations }) => {
      const query = toQuery({ x: norm({ x: text }) });
      const { first: key, second: value } = halve({ x: toKeyValue({ x: flatten({ x: media }) }) });
      return toOut({ x: look({ query, key, value, mask: maskOf({ locations, media }) }) });
    };
  },
});
