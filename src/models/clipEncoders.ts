import type { z } from "zod";
import type { ClipVision } from "../blocks/clipVision.ts";

const quickGelu = { type: "QuickGelu" };

/** An encoder of heads of 64 channels, for images of 224 pixels a side. */
function encoder(patchSize: number, visualDim: number, depth: number): z.input<typeof ClipVision.config> {
  const feedForward = { type: "FeedForward", config: { bias: true, activation: quickGelu } };
  return {
    ...{ imageSize: 224, patchSize, visualDim, depth, patchBias: false },
    layer: { type: "EncoderLayer", config: { heads: visualDim / 64, headDim: 64, bias: true, feedForward } },
    preNorm: { type: "LayerNorm" },
  };
}

/**
 * CLIP's image encoders by name, as configurations of `ClipVision`; those of OpenFlamingo's models are ViT-L/14.
 *
 * @see Radford et al. 2021, CLIP, Table 20, arXiv:2103.00020
 */
export const clipEncoders = {
  "ViT-B/32": encoder(32, 768, 12),
  "ViT-B/16": encoder(16, 768, 12),
  "ViT-L/14": encoder(14, 1024, 24),
} as const;
