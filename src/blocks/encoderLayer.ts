import { z } from "zod";
import { count, defineBlock } from "../core/block.ts";
import { float32 } from "../core/port.ts";
import { Add } from "./add.ts";
import { activationField, FeedForward } from "./feedForward.ts";
import { SelfAttention, selfAttentionFields } from "./selfAttention.ts";

/**
 * A layer of a vision transformer: each patch looks at all others, then thinks for itself.
 *
 * y = x + SelfAttention(x); hidden = y + FeedForward(y); both normalise first (pre-LN). Shapes: `hidden` [..., length,
 * dim] in and out.
 *
 * @see Dosovitskiy et al. 2020, ViT, arXiv:2010.11929
 */
export const EncoderLayer = defineBlock({
  name: "EncoderLayer",
  title: "Encoder layer",
  category: "Vision",
  summary: "A layer of a vision transformer: each patch looks at all others, then thinks for itself.",
  paper: "arXiv:2010.11929",
  config: z.strictObject({
    dim: selfAttentionFields.dim,
    heads: selfAttentionFields.heads,
    headDim: selfAttentionFields.headDim,
    ffMult: count("Expansion", "How many times wider the feed-forward's inner layer is.").default(4),
    activation: activationField,
  }),
  example: { dim: 8, heads: 2, headDim: 4, ffMult: 2 },
  exampleSizes: { lead: 2, length: 5 },
  inputs: { hidden: float32("...lead length dim", "hidden states, one a patch") },
  outputs: { hidden: float32("...lead length dim", "hidden states, one layer on") },
  layer: true,
  build({ dim, heads, headDim, ffMult, activation }, { child }) {
    const attend = child("attn", SelfAttention, { dim, heads, headDim });
    const addSeen = child("add_seen", Add, {});
    const feedForward = child("ff", FeedForward, { dim, ffMult, activation });
    const addThought = child("add_thought", Add, {});
    return ({ hidden }) => {
      const seen = addSeen({ a: hidden, b: attend({ x: hidden }) });
      return addThought({ a: seen, b: feedForward({ x: seen }) });
    };
  },
});
