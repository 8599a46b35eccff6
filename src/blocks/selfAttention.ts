import { z } from "zod";
import type { Value } from "../core/call.ts";
import { count, headCount } from "../core/configFields.ts";
import { defineBlock } from "../core/defineBlock.ts";
import { FlamingoError } from "../core/errors.ts";
import { float32, int32, optional } from "../core/port.ts";
import { optionalSlot, slot } from "../core/slot.ts";
import { Attention, attentionFields, attentionInputs, attentionOutputs, headFields } from "./attention.ts";
import { clip } from "./clip.ts";
import { biasField, Linear } from "./linear.ts";
import { normSlot } from "./norm.ts";
import { repeatHeads } from "./repeatHeads.ts";

/** A slot for attention, and with it for the position code: none, ALiBi or rotary. */
export const attentionSlot = slot({
  title: "Attention",
  description:
    "How positions attend to each other, and how attention knows their distance: not at all, by ALiBi, by rotation.",
  inputs: attentionInputs,
  outputs: attentionOutputs,
  given: ["heads", "headDim", "causal"],
  default: Attention,
});

/** The configuration of self-attention in a layer: all but the width and what the layer itself decides. */
export const selfAttentionFields = {
  ...headFields,
  keyValueHeads: headCount("Key heads", "Heads of keys and values, where groups of query heads share them.").optional(),
  bias: biasField,
  clip: z.number().positive().optional().meta({
    title: "Clip",
    description: "Largest magnitude of queries, keys and values; without it they are not clipped.",
  }),
  queryKeyNorm: optionalSlot({
    title: "Normalisation of queries and keys",
    description: "After their projections, all heads as one vector (MPT-1B); none by default.",
    inputs: { x: float32("...lead dim", "vectors") },
    outputs: { y: float32("...lead dim", "normalised vectors") },
    given: ["dim"],
  }),
  attention: attentionSlot,
};

/**
 * Self-attention: each position attends to the positions of its own sequence.
 *
 * softmax(q kᵀ / √headDim) v with q, k and v from norm(x), then a projection, with biases if asked. With fewer `keyValueHeads` than
 * heads, each is shared by heads/keyValueHeads neighbouring query heads. Shapes: `x` and `update` [..., length, dim]. The residual
 * connection is the caller's.
 *
 * @throws FlamingoError INVALID_CONFIG if keyValueHeads do not divide the heads
 *
 * @see Vaswani et al. 2017, arXiv:1706.03762
 */
export const SelfAttention = defineBlock({
  name: "SelfAttention",
  title: "Self-attention",
  category: "Language",
  summary: "Self-attention: each position attends to the positions of its own sequence.",
  paper: "arXiv:1706.03762",
  config: z.strictObject({
    dim: count("Width", "Channels of each position.", "channels"),
    ...selfAttentionFields,
    causal: attentionFields.causal,
    norm: normSlot,
  }),
  example: { dim: 8, heads: 2, headDim: 4, causal: true, attention: { type: "Attention" } },
  exampleSizes: { lead: 2, length: 5, batch: 2, keys: 5 },
  inputs: {
    x: float32("...lead length dim", "hidden states"),
    keyMask: optional(int32("batch keys", "1 for positions that count, 0 for padding")),
  },
  outputs: { update: float32("...lead length dim", "the update for each position") },
  build(config, { child }) {
    const {
      dim,
      heads,
      headDim,
      keyValueHeads = heads,
      bias,
      clip: limit,
      queryKeyNorm,
      causal,
      attention,
      norm,
    } = config;
    const [inner, shared] = [heads * headDim, keyValueHeads * headDim];
    const times = heads / keyValueHeads;
    if (!Number.isInteger(times)) throw unevenHeads(heads, keyValueHeads);
    const normalise = child("norm", norm, { dim });
    const toQuery = child("to_q", Linear, { inDim: dim, outDim: inner, bias });
    const toKey = child("to_k", Linear, { inDim: dim, outDim: shared, bias });
    const toValue = child("to_v", Linear, { inDim: dim, outDim: shared, bias });
    const normQuery = queryKeyNorm && child("q_norm", queryKeyNorm, { dim: inner });
    const normKey = queryKeyNorm && child("k_norm", queryKeyNorm, { dim: shared });
    const attend = child("attend", attention, { heads, headDim, causal });
    const toOut = child("to_out", Linear, { inDim: inner, outDim: dim, bias });
    const clipped = limit === undefined ? (x: Value) => x : clip.with({ limit });
    const repeated = times === 1 ? (x: Value) => x : repeatHeads.with({ heads: keyValueHeads, headDim, times });
    return ({ x, keyMask }) => {
      const y = normalise(x); // [..., L, D]
      const [query, key] = [clipped(toQuery(y)), clipped(toKey(y))]; // [..., L, H·d], keys of fewer heads
      const value = repeated(clipped(toValue(y)));
      return toOut(
        attend({
          query: normQuery ? normQuery(query) : query,
          key: repeated(normKey ? normKey(key) : key),
          value,
          keyMask,
        }),
      );
    };
  },
});

function unevenHeads(heads: number, keyValueHeads: number): FlamingoError {
  return new FlamingoError(
    "INVALID_CONFIG",
    `${heads} query heads cannot share ${keyValueHeads} heads of keys evenly`,
    {
      block: "SelfAttention",
      fix: "set keyValueHeads to a number that divides heads",
    },
  );
}
