import { z } from "zod";
import { count, defineBlock } from "../core/block.ts";
import { float32 } from "../core/port.ts";
import { Attention } from "./attention.ts";
import { Concat } from "./concat.ts";
import { Halve } from "./halve.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Linear } from "./linear.ts";

/**
 * Lets latents gather what they need from visual features, and from each other.
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
  summary: "Lets latents gather what they need from visual features, and from each other.",
  paper: "2.1, Figure 5",
  config: z.strictObject({
    dim: count("Width", "Channels of features and latents.", "channels"),
    heads: count("Heads", "Attention heads.").default(8),
    headDim: count("Head width", "Channels of each head.", "channels").default(64),
  }),
  example: { dim: 8, heads: 2, headDim: 4 },
  exampleSizes: { batch: 2, media: 1, features: 5, latents: 3 },
  inputs: {
    features: float32("batch media features dim", "visual features of each image"),
    latents: float32("batch media latents dim", "latents that gather from them"),
  },
  outputs: { update: float32("batch media latents dim", "what the latents gathered") },
  layer: true,
  build({ dim, heads, headDim }, { child }) {
    const inner = heads * headDim;
    const normMedia = child("norm_media", LayerNorm, { dim });
    const normLatents = child("norm_latents", LayerNorm, { dim });
    const toQuery = child("to_q", Linear, { inDim: dim, outDim: inner });
    const toKeyValue = child("to_kv", Linear, { inDim: dim, outDim: 2 * inner });
    const join = child("join", Concat, {});
    const halve = child("halve", Halve, { dim: inner });
    const attend = child("attend", Attention, { heads, headDim, looks: "features" });
    const toOut = child("to_out", Linear, { inDim: inner, outDim: dim });
    return ({ features, latents }) => {
      const queries = normLatents({ x: latents });
      const seen = join({ first: normMedia({ x: features }), second: queries });
      const { first: key, second: value } = halve({ x: toKeyValue({ x: seen }) });
      return toOut({ x: attend({ query: toQuery({ x: queries }), key, value }) });
    };
  },
});
