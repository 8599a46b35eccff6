import { z } from "zod";
import { count, defineBlock } from "../core/block.ts";
import { float32 } from "../core/port.ts";
import { Activation } from "./activation.ts";
import { AppendMean } from "./appendMean.ts";
import { Conv } from "./conv.ts";
import { ConvResidual } from "./convResidual.ts";
import { FlattenGrid } from "./flattenGrid.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Linear } from "./linear.ts";

/**
 * Sees a picture with convolutions: a grid of visual features, an eighth of the picture's side.
 *
 * Three stages halve the picture's side each (4×4, 2×2 and 2×2 windows), to width/4, width/2 and then `visualDim`
 * channels, the last two refined by residual convolutions; a last LayerNorm and a projection into the space that pictures share
 * with text, whose contrast keeps features centred. The mean of all places comes last. Shapes: `images` [batch, media, frames,
 * imageSize, imageSize, 3] in −1 to 1, `features` [batch, media, frames, (imageSize/8)² + 1, visualDim].
 *
 * @see Alayrac et al. 2022, Flamingo, section 2.1 (a convolutional encoder, NFNet-F6, whose grid is flattened)
 */
export const ConvEncoder = defineBlock({
  name: "ConvEncoder",
  title: "Convolutional encoder",
  category: "Vision",
  summary: "Sees a picture with convolutions: a grid of visual features, an eighth of the picture's side.",
  paper: "2.1",
  config: z.strictObject({
    imageSize: count("Image side", "Side of the square pictures; a multiple of 8.", "pixels").multipleOf(8).default(32),
    visualDim: count("Visual width", "Channels of each visual feature; a multiple of 4.", "channels")
      .multipleOf(4)
      .default(128),
  }),
  example: { imageSize: 16, visualDim: 16 },
  perImage: true,
  exampleSizes: { batch: 1, media: 2, frames: 1 },
  inputs: { images: float32("batch media frames imageSize imageSize 3", "pictures or video frames, from -1 to 1") },
  outputs: {
    features: float32(
      "batch media frames (imageSize/8)*(imageSize/8)+1 visualDim",
      "visual features of each frame, row by row, and their mean",
    ),
  },
  build({ visualDim }, { child }) {
    const [low, middle] = [visualDim / 4, visualDim / 2];
    const stage1 = child("stage1.conv", Conv, { inChannels: 3, outChannels: low, kernel: 4, stride: 2 });
    const norm1 = child("stage1.norm", LayerNorm, { dim: low });
    const bend1 = child("stage1.bend", Activation, {});
    const stage2 = child("stage2.conv", Conv, { inChannels: low, outChannels: middle, kernel: 2, stride: 2 });
    const refine2 = child("stage2.refine", ConvResidual, { channels: middle });
    const norm2 = child("stage2.norm", LayerNorm, { dim: middle });
    const bend2 = child("stage2.bend", Activation, {});
    const stage3 = child("stage3.conv", Conv, { inChannels: middle, outChannels: visualDim, kernel: 2, stride: 2 });
    const refine3 = child("stage3.refine", ConvResidual, { channels: visualDim });
    const norm = child("norm", LayerNorm, { dim: visualDim });
    const flatten = child("flatten", FlattenGrid, {});
    const project = child("project", Linear, { inDim: visualDim, outDim: visualDim });
    const summarise = child("summary", AppendMean, {});
    return ({ images }) => {
      let x = bend1({ x: norm1({ x: stage1({ x: images }) }) }); // [.., S/2, S/2, D/4]
      x = bend2({ x: norm2({ x: refine2({ x: stage2({ x }) }) }) }); // [.., S/4, S/4, D/2]
      x = refine3({ x: stage3({ x }) }); // [.., S/8, S/8, D]
      return summarise({ x: project({ x: norm({ x: flatten({ x }) }) }) });
    };
  },
});
