import { z } from "zod";
import { count } from "../core/configFields.ts";
import { defineBlock } from "../core/defineBlock.ts";
import { float32 } from "../core/port.ts";
import { slot } from "../core/slot.ts";
import { add } from "./add.ts";
import { headFields } from "./attention.ts";
import { mediaLayerPorts } from "./decoderLayer.ts";
import { feedForwardSlot } from "./feedForward.ts";
import { crossAttentionFields, MaskedCrossAttention } from "./maskedCrossAttention.ts";
import { locationsPort, mediaPort } from "./mediaPorts.ts";
import { normSlot } from "./norm.ts";
import { attentionSlot, SelfAttention } from "./selfAttention.ts";

/**
 * A decoder layer with cross-attention between its self-attention and its feed-forward, as in the original Transformer decoder.
 *
 * y = x + SelfAttention(x); z = y + MaskedCrossAttention(y, media); hidden = z + FeedForward(z). The cross-attention is new and has no gate
 * and no feed-forward of its own; without `media` it is left out. Shapes: `hidden` [batch, length, dim] in and out, `media` [batch,
 * media, latents, visualDim], `locations` [batch, length].
 *
 * @see Alayrac et al. 2022, Flamingo, section 3.3 and Table 3 (iv: VANILLA XATTN), arXiv:2204.14198; Vaswani et al. 2017
 */
export const CrossDecoderLayer = defineBlock({
  name: "CrossDecoderLayer",
  title: "Decoder layer with cross-attention",
  category: "Fusion",
  summary:
    "A decoder layer with cross-attention between its self-attention and its feed-forward, as in the original Transformer decoder.",
  paper: "3.3, Table 3",
  config: z.strictObject({
    dim: count("Width", "Channels of the residual stream.", "channels"),
    visualDim: crossAttentionFields.visualDim,
    ...headFields,
    attention: attentionSlot,
    norm: normSlot,
    feedForward: feedForwardSlot,
    crossAttention: slot({
      title: "Cross-attention",
      description: "How text attends to the media.",
      inputs: {
        text: float32("batch length dim", "hidden states"),
        media: mediaPort,
        locations: locationsPort,
      },
      outputs: { update: float32("batch length dim", "the update for each token") },
      given: ["dim", "visualDim"],
      default: MaskedCrossAttention,
    }),
  }),
  example: {
    dim: 8,
    visualDim: 6,
    heads: 2,
    headDim: 4,
    crossAttention: { type: "MaskedCrossAttention", config: { heads: 2, headDim: 4, padded: true } },
  },
  exampleSizes: { batch: 2, length: 5, keys: 5, media: 2, latents: 3 },
  ...mediaLayerPorts,
  layer: true,
  build({ dim, visualDim, heads, headDim, attention, norm, feedForward, crossAttention }, { child }) {
    const attend = child("attn", SelfAttention, { dim, heads, headDim, attention, norm, causal: true });
    const crossAttend = child("cross_attn", crossAttention, { dim, visualDim }, { pretrained: false });
    const ff = child("ff", feedForward, { dim });
    return ({ hidden, media, locations, keyMask }) => {
      let x = add(hidden, attend({ x: hidden, keyMask }));
      if (media && locations) x = add(x, crossAttend({ text: x, media, locations }));
      return add(x, ff(x));
    };
  },
});
