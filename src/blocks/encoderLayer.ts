import { z } from "zod";
import { count } from "../core/configFields.ts";
import { defineBlock } from "../core/defineBlock.ts";
import { float32, int32, optional } from "../core/port.ts";
import { add } from "./add.ts";
import { headFields } from "./attention.ts";
import { feedForwardSlot } from "./feedForward.ts";
import { biasField } from "./linear.ts";
import { normSlot } from "./norm.ts";
import { SelfAttention } from "./selfAttention.ts";

/**
 * An encoder layer of a transformer: self-attention over all positions and a feed-forward, each added to the residual stream.
 *
 * y = x + SelfAttention(x); hidden = y + FeedForward(y); both normalise their input first (pre-LN). Shapes: `hidden` [..., length,
 * dim] in and out, patches of an image or tokens of a text; `keyMask` [batch, length] is 0 at padding, which nothing attends to.
 *
 * @see Dosovitskiy et al. 2021, ViT, arXiv:2010.11929
 */
export const EncoderLayer = defineBlock({
  name: "EncoderLayer",
  title: "Encoder layer",
  category: "Vision",
  summary:
    "An encoder layer of a transformer: self-attention over all positions and a feed-forward, each added to the residual stream.",
  paper: "arXiv:2010.11929",
  config: z.strictObject({
    dim: count("Width", "Channels of the residual stream.", "channels"),
    ...headFields,
    norm: normSlot,
    bias: biasField.meta({
      title: "Bias of attention",
      description: "Adds learnt vectors in the projections of attention.",
    }),
    feedForward: feedForwardSlot,
  }),
  example: { dim: 8, heads: 2, headDim: 4, feedForward: { type: "FeedForward", config: { mult: 2 } } },
  exampleSizes: { lead: 2, length: 5, batch: 2, keys: 5 },
  inputs: {
    hidden: float32("...lead length dim", "hidden states, one a position"),
    keyMask: optional(int32("batch keys", "1 for positions that count, 0 for padding")),
  },
  outputs: { hidden: float32("...lead length dim", "hidden states after the layer") },
  layer: true,
  build({ dim, heads, headDim, norm, bias, feedForward }, { child }) {
    const attend = child("attn", SelfAttention, { dim, heads, headDim, norm, bias });
    const ff = child("ff", feedForward, { dim });
    return ({ hidden, keyMask }) => {
      const x = add(hidden, attend({ x: hidden, keyMask }));
      return add(x, ff(x));
    };
  },
});
