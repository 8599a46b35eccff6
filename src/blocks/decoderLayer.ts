import { z } from "zod";
import { count } from "../core/configFields.ts";
import { defineBlock } from "../core/defineBlock.ts";
import { float32, int32, optional } from "../core/port.ts";
import { slot } from "../core/slot.ts";
import { add } from "./add.ts";
import { feedForwardSlot } from "./feedForward.ts";
import { Identity } from "./identity.ts";
import { locationsPort, mediaPort } from "./mediaPorts.ts";
import { normSlot } from "./norm.ts";
import { SelfAttention, selfAttentionFields } from "./selfAttention.ts";

/** The input port of a layer for which keys count. */
export const keyMask = optional(int32("batch keys", "1 for positions that count, 0 for padding"));

/**
 * A decoder layer of the language model: causal self-attention and a feed-forward, each added to the residual stream.
 *
 * y = x + SelfAttention(x); hidden = y + FeedForward(y); both normalise their input first (pre-norm). Post-norm: y = norm(x +
 * SelfAttention(x)); hidden = norm(y + FeedForward(y)), where the feed-forward's own norm is to be `Identity`. Parallel: hidden = x +
 * SelfAttention(x) + FeedForward(x). Shapes: `hidden` [batch, length, dim] in and out.
 *
 * @see Alayrac et al. 2022, Flamingo, Figure 4 (LM layer), arXiv:2204.14198; Radford et al. 2019 (pre-norm);
 * Vaswani et al. 2017 (post-norm); Wang and Komatsuzaki 2021, GPT-J (parallel)
 */
export const DecoderLayer = defineBlock({
  name: "DecoderLayer",
  title: "Decoder layer",
  category: "Language",
  summary:
    "A decoder layer of the language model: causal self-attention and a feed-forward, each added to the residual stream.",
  paper: "Figure 4 (LM layer)",
  config: z.strictObject({
    dim: count("Width", "Channels of the residual stream.", "channels"),
    ...selfAttentionFields,
    norm: normSlot,
    feedForward: feedForwardSlot,
    residual: z.enum(["preNorm", "postNorm", "parallel"]).default("preNorm").meta({
      title: "Residual connections",
      description:
        "Attention and feed-forward normalise their input (pre-norm); or their sums with the residual stream are normalised (post-norm); or both read the same input (parallel).",
    }),
  }),
  example: { dim: 8, heads: 2, headDim: 4, feedForward: { type: "FeedForward", config: { mult: 2 } } },
  exampleSizes: { batch: 2, length: 5, keys: 5 },
  inputs: { hidden: float32("batch length dim", "hidden states"), keyMask },
  outputs: { hidden: float32("batch length dim", "hidden states after the layer") },
  layer: true,
  build({ dim, norm, feedForward, residual, ...attention }, { child }) {
    const isPostNorm = residual === "postNorm";
    const attend = child("attn", SelfAttention, {
      ...{ dim, ...attention, causal: true },
      norm: isPostNorm ? { type: Identity.name } : norm,
    });
    const ff = child("ff", feedForward, { dim });
    if (residual === "parallel")
      return ({ hidden, keyMask }) => add(add(hidden, attend({ x: hidden, keyMask })), ff(hidden));
    if (!isPostNorm)
      return ({ hidden, keyMask }) => {
        const x = add(hidden, attend({ x: hidden, keyMask }));
        return add(x, ff(x));
      };
    const normAttended = child("attn_norm", norm, { dim });
    const normalise = child("ff_norm", norm, { dim });
    return ({ hidden, keyMask }) => {
      const x = normAttended(add(hidden, attend({ x: hidden, keyMask })));
      return normalise(add(x, ff(x)));
    };
  },
});

/** The ports of a decoder layer that attends to the media as well. */
export const mediaLayerPorts = {
  inputs: {
    hidden: float32("batch length dim", "hidden states"),
    media: optional(mediaPort),
    locations: optional(locationsPort),
    keyMask,
  },
  outputs: { hidden: float32("batch length dim", "hidden states after the layer") },
};

/** A slot for the layers of a language model. A layer that has the ports `media` and `locations` gets the visual tokens as well. */
export const decoderLayerSlot = slot({
  title: "Decoder layer",
  description: "The layers of the language model.",
  ...mediaLayerPorts,
  given: ["dim", "visualDim"],
  default: DecoderLayer,
});
