import { z } from "zod";
import { count } from "../core/configFields.ts";
import { defineBlock } from "../core/defineBlock.ts";
import { float32 } from "../core/port.ts";
import { geluOf } from "./activations.ts";
import { appendMean } from "./appendMean.ts";
import { Conv } from "./conv.ts";
import { ConvResidual } from "./convResidual.ts";
import { flattenGrid } from "./flattenGrid.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Linear } from "./linear.ts";

/**
 * A small convolutional vision encoder: a grid of features at an eighth of the image's side, and their mean.
 *
 * Three strided convolutions (4×4, 2×2 and 2×2, each halving the side) to width/4, width/2 and `visualDim` channels; residual
 * convolutions follow the last two. A LayerNorm and a linear projection into the joint space of the contrastive loss, which keeps features
 * centred, come last. Shapes: `images` [batch, media, frames, imageSize, imageSize, 3] in −1 to 1, `features` [batch, media, frames,
 * (imageSize/8)² + 1, visualDim], row by row, then the mean.
 *
 * @see Alayrac et al. 2022, Flamingo, section 2.1 (a convolutional encoder, NFNet-F6, whose grid is flattened)
 */
export const ConvEncoder = defineBlock({
  name: "ConvEncoder",
  title: "Convolutional encoder",
  category: "Vision",
  summary: "A small convolutional vision encoder: a grid of features at an eighth of the image's side, and their mean.",
  paper: "2.1",
  config: z.strictObject({
    imageSize: count("Image side", "Side of the square images; a multiple of 8.", "pixels").multipleOf(8).default(32),
    visualDim: count("Visual width", "Channels of each visual feature; a multiple of 4.", "channels")
      .multipleOf(4)
      .default(128),
  }),
  example: { imageSize: 16, visualDim: 16 },
  perImage: true,
  exampleSizes: { batch: 1, media: 2, frames: 1 },
  inputs: { images: float32("batch media frames imageSize imageSize 3", "images or video frames, from -1 to 1") },
  outputs: {
    features: float32(
      "batch media frames (imageSize/8)*(imageSize/8)+1 visualDim",
      "visual features of each frame, row by row, and their mean",
    ),
  },
  build({ visualDim }, { child }) {
    const [low, middle] = [visualDim / 4, visualDim / 2];
    const conv1 = child("stage1.conv", Conv, { inChannels: 3, outChannels: low, kernel: 4, stride: 2 });
    const norm1 = child("stage1.norm", LayerNorm, { dim: low });
    const conv2 = child("stage2.conv", Conv, { inChannels: low, outChannels: middle, kernel: 2, stride: 2 });
    const residual2 = child("stage2.refine", ConvResidual, { channels: middle });
    const norm2 = child("stage2.norm", LayerNorm, { dim: middle });
    const conv3 = child("stage3.conv", Conv, { inChannels: middle, outChannels: visualDim, kernel: 2, stride: 2 });
    const residual3 = child("stage3.refine", ConvResidual, { channels: visualDim });
    const norm = child("norm", LayerNorm, { dim: visualDim });
    const project = child("project", Linear, { inDim: visualDim, outDim: visualDim });
    return ({ images }) => {
      let x = geluOf(norm1(conv1(images))); // [.., S/2, S/2, D/4]
      x = geluOf(norm2(residual2(conv2(x)))); // [.., S/4, S/4, D/2]
      x = residual3(conv3(x)); // [.., S/8, S/8, D]
      return appendMean(project(norm(flattenGrid(x))));
    };
  },
});
