import { z } from "zod";
import { count, defineBlock } from "../core/block.ts";
import { float32 } from "../core/port.ts";
import { Add } from "./add.ts";
import { activationField, FeedForward } from "./feedForward.ts";
import { normField } from "./norm.ts";
import { SelfAttention, selfAttentionFields } from "./selfAttention.ts";

/**
 * A layer of the language model: each word looks at the words before it, then thinks for itself.
 *
 * y = x + SelfAttention(x), causal; hidden = y + FeedForward(y); both normalise first (pre-LN). Shapes: `hidden` [batch,
 * length, dim] in and out.
 *
 * @see Alayrac et al. 2022, Flamingo, Figure 4 (LM layer), arXiv:2204.14198; Radford et al. 2019 (pre-LN)
 */
export const DecoderLayer = defineBlock({
  name: "DecoderLayer",
  title: "Decoder layer",
  category: "Language",
  summary: "A layer of the language model: each word looks at the words before it, then thinks for itself.",
  paper: "Figure 4 (LM layer)",
  config: z.strictObject({
    dim: selfAttentionFields.dim,
    heads: selfAttentionFields.heads,
    headDim: selfAttentionFields.headDim,
    alibi: selfAttentionFields.alibi,
    rotary: selfAttentionFields.rotary,
    norm: normField,
    ffMult: count("Expansion", "How many times wider the feed-forward's inner layer is.").default(4),
    activation: activationField,
  }),
  example: { dim: 8, heads: 2, headDim: 4, ffMult: 2, alibi: true },
  exampleSizes: { batch: 2, length: 5 },
  inputs: { hidden: float32("batch length dim", "hidden states") },
  outputs: { hidden: float32("batch length dim", "hidden states, one layer on") },
  layer: true,
  build({ dim, heads, headDim, alibi, rotary, norm, ffMult, activation }, { child }) {
    const attend = child("attn", SelfAttention, { dim, heads, headDim, alibi, rotary, norm, causal: true });
    const addSeen = child("add_seen", Add, {});
    const feedForward = child("ff", FeedForward, { dim, ffMult, activation, norm });
    const addThought = child("add_thought", Add, {});
    return ({ hidden }) => {
      const seen = addSeen({ a: hidden, b: attend({ x: hidden }) });
      return addThought({ a: seen, b: feedForward({ x: seen }) });
    };
  },
});
