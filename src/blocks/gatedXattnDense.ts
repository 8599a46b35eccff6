import { z } from "zod";
import { defineBlock } from "../core/defineBlock.ts";
import { float32, optional } from "../core/port.ts";
import { slot } from "../core/slot.ts";
import { feedForwardSlot } from "./feedForward.ts";
import { crossAttentionFields, MaskedCrossAttention } from "./maskedCrossAttention.ts";
import { locationsPort, mediaPort } from "./mediaPorts.ts";
import { gateSlot } from "./tanhGate.ts";

/** The ports of what lets text attend to media before a decoder layer. */
const fusionLayerPorts = {
  inputs: {
    text: float32("batch length dim", "hidden states of the language model"),
    media: optional(mediaPort),
    locations: locationsPort,
  },
  outputs: { text: float32("batch length dim", "hidden states after the layer") },
};

/**
 * GATED XATTN-DENSE: lets text attend to the image before it, through tanh gates that start closed.
 *
 * y = x + tanh(α) · MaskedCrossAttention(x, media); text = y + tanh(β) · FeedForward(y). Both gates start at 0, so a
 * new layer leaves the language model's output exactly unchanged. Without `media` it returns its input. Shapes: `text` [batch,
 * length, dim] in and out, `media` [batch, media, latents, visualDim], `locations` [batch, length]. Weights are named as in
 * OpenFlamingo.
 *
 * @throws FlamingoError MEDIA_COUNT if a row has another number of `<image>` tokens than images
 * @see Alayrac et al. 2022, Flamingo, section 2.2 and Figure 4, arXiv:2204.14198
 */
export const GatedXattnDense = defineBlock({
  name: "GatedXattnDense",
  title: "GATED XATTN-DENSE",
  category: "Fusion",
  summary: "GATED XATTN-DENSE: lets text attend to the image before it, through tanh gates that start closed.",
  paper: "2.2, Figure 4",
  config: z.strictObject({ ...crossAttentionFields, feedForward: feedForwardSlot, gate: gateSlot }),
  example: { dim: 8, visualDim: 6, heads: 2, headDim: 4, padded: true },
  exampleSizes: { batch: 2, length: 5, media: 2, latents: 3 },
  ...fusionLayerPorts,
  layer: true,
  build({ feedForward, gate, ...crossAttention }, { child }) {
    const attend = child("attn", MaskedCrossAttention, crossAttention);
    const attnGate = child("attn_gate", gate, {});
    const ff = child("ff", feedForward, { dim: crossAttention.dim });
    const ffGate = child("ff_gate", gate, {});
    return ({ text, media, locations }) => {
      if (!media) return text;
      const x = attnGate(text, attend({ text, media, locations })); // [B, L, D]
      return ffGate(x, ff(x));
    };
  },
});

/** A slot for what lets text attend to media before a decoder layer. */
export const fusionLayerSlot = slot({
  title: "Fusion layer",
  description: "What stands before decoder layers and lets text attend to the media.",
  ...fusionLayerPorts,
  given: ["dim", "visualDim"],
  default: GatedXattnDense,
});
