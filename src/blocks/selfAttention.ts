import { z } from "zod";
import { count, defineBlock } from "../core/block.ts";
import { float32 } from "../core/port.ts";
import { slot } from "../core/slot.ts";
import { Attention, attentionFields, attentionInputs, attentionOutputs } from "./attention.ts";
import { biasField, Linear } from "./linear.ts";
import { normSlot } from "./norm.ts";

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

/**
 * Self-attention: each position attends to the positions of its own sequence.
 *
 * softmax(q kᵀ / √headDim) v with q, k and v from norm(x), then a projection, each with a bias if asked. Shapes: `x` and `update` [..., length,
 * dim]. The residual connection is the caller's.
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
    ...attentionFields,
    attention: attentionSlot,
    norm: normSlot,
    bias: biasField,
  }),
  example: { dim: 8, heads: 2, headDim: 4, causal: true, attention: { type: "Attention" } },
  exampleSizes: { lead: 2, length: 5 },
  inputs: { x: float32("...lead length dim", "hidden states") },
  outputs: { update: float32("...lead length dim", "the update for each position") },
  build({ dim, heads, headDim, causal, attention, norm, bias }, { child }) {
    const inner = heads * headDim;
    const normalise = child("norm", norm, { dim });
    const toQuery = child("to_q", Linear, { inDim: dim, outDim: inner, bias });
    const toKey = child("to_k", Linear, { inDim: dim, outDim: inner, bias });
    const toValue = child("to_v", Linear, { inDim: dim, outDim: inner, bias });
    const attend = child("attend", attention, { heads, headDim, causal });
    const toOut = child("to_out", Linear, { inDim: inner, outDim: dim, bias });
    return ({ x }) => {
      const y = normalise(x); // [..., L, D]; queries, keys and values [..., L, H·d]
      return toOut(attend({ query: toQuery(y), key: toKey(y), value: toValue(y) }));
    };
  },
});
