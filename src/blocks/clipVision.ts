import { z } from "zod";
import { defineBlock } from "../core/defineBlock.ts";
import { float32 } from "../core/port.ts";
import { splitClassToken } from "./splitClassToken.ts";
import { imageTokens, visionTransformerFields } from "./visionTransformer.ts";

/**
 * CLIP's image encoder: a vision transformer whose class token becomes the vector of the whole image.
 *
 * hidden = layers(preNorm([class token, patches] + positions)); pooled = norm(hidden of the class token). Shapes: `images` [batch, media,
 * frames, imageSize, imageSize, 3], `hidden` [batch, media, frames, (imageSize/patchSize)² + 1, visualDim], the class token first and
 * before the last normalisation, `features` [batch, media, frames, (imageSize/patchSize)², visualDim], those of the patches alone, which
 * Flamingo takes, `pooled` [batch, media, frames, visualDim].
 *
 * @see Radford et al. 2021, CLIP, section 2.4, arXiv:2103.00020; Hugging Face's CLIPVisionModel
 */
export const ClipVision = defineBlock({
  name: "ClipVision",
  title: "CLIP image encoder",
  category: "Vision",
  summary: "CLIP's image encoder: a vision transformer whose class token becomes the vector of the whole image.",
  paper: "arXiv:2103.00020, 2.4",
  config: z.strictObject(visionTransformerFields),
  example: {
    imageSize: 8,
    patchSize: 4,
    visualDim: 8,
    depth: 1,
    patchBias: false,
    preNorm: { type: "LayerNorm" },
    layer: {
      type: "EncoderLayer",
      config: {
        heads: 2,
        headDim: 4,
        bias: true,
        feedForward: { type: "FeedForward", config: { mult: 2, bias: true, activation: { type: "QuickGelu" } } },
      },
    },
  },
  perImage: true,
  exampleSizes: { batch: 1, media: 2, frames: 1 },
  inputs: {
    images: float32("batch media frames imageSize imageSize 3", "images, with CLIP's mean and spread of pixels"),
  },
  outputs: {
    features: float32(
      "batch media frames (imageSize/patchSize)*(imageSize/patchSize) visualDim",
      "hidden states of the patches, as Flamingo takes them",
    ),
    hidden: float32(
      "batch media frames (imageSize/patchSize)*(imageSize/patchSize)+1 visualDim",
      "hidden states after the last layer, the class token's first",
    ),
    pooled: float32("batch media frames visualDim", "the vector of each image"),
  },
  build(config, { child }) {
    const encode = imageTokens(config, true, child);
    const normalise = child("norm", config.norm, { dim: config.visualDim });
    return ({ images }) => {
      const hidden = encode(images); // [B, M, F, 1 + V, D]
      const { token, patches } = splitClassToken(hidden);
      return { features: patches, hidden, pooled: normalise(token) };
    };
  },
});
