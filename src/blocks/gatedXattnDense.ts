import { z } from "zod";
import { count, defineBlock } from "../core/block.ts";
import { float32, int32 } from "../core/port.ts";
import { activationField, FeedForward } from "./feedForward.ts";
import { crossAttentionFields, MaskedCrossAttention } from "./maskedCrossAttention.ts";
import { TanhGate } from "./tanhGate.ts";

/**
 * Lets text attend to the image before it, through gates that start closed.
 *
 * y = x + tanh(α) · MaskedCrossAttention(x, media); text = y + tanh(β) · FeedForward(y). Both gates start at 0, so a
 * new layer leaves the language model's output exactly unchanged. Shapes: `text` [batch, length, dim] in and out,
 * `media` [batch, media, latents, visualDim], `locations` [batch, length]. Weights are named as in OpenFlamingo.
 *
 * @throws FlamingoError MEDIA_COUNT if a row has another number of `<image>` tags than images
 * @see Alayrac et al. 2022, Flamingo, section 2.2 and Figure 4, arXiv:2204.14198
 */
export const GatedXattnDense = defineBlock({
  name: "GatedXattnDense",
  title: "GATED XATTN-DENSE",
  category: "Fusion",
  summary: "Lets text attend to the image before it, through gates that start closed.",
  paper: "2.2, Figure 4",
  config: z.strictObject({
    ...crossAttentionFields,
    ffMult: count("Expansion", "How many times wider the feed-forward's inner layer is.").default(4),
    activation: activationField,
  }),
  example: { dim: 8, visualDim: 6, heads: 2, headDim: 4, ffMult: 2, padded: true },
  exampleSizes: { batch: 2, length: 5, media: 2, latents: 3 },
  inputs: {
    text: float32("batch length dim", "hidden states of the language model"),
    media: float32("batch media latents visualDim", "visual tokens of each image"),
    locations: int32("batch length", "1 at each <image> tag, else 0"),
  },
  outputs: { text: float32("batch length dim", "hidden states that have seen the image") },
  layer: true,
  build({ ffMult, activation, ...crossAttention }, { child }) {
    const attend = child("attn", MaskedCrossAttention, crossAttention);
    const attendGate = child("attn_gate", TanhGate, {});
    const feedForward = child("ff", FeedForward, { dim: crossAttention.dim, ffMult, activation });
    const feedForwardGate = child("ff_gate", TanhGate, {});
    return ({ text, media, locations }) => {
      const seen = attendGate({ x: text, update: attend({ text, media, locations }) });
      return feedForwardGate({ x: seen, update: feedForward({ x: seen }) });
    };
  },
});
