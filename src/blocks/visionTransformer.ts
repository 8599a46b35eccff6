import { z } from "zod";
import { count, defineBlock, layerCount } from "../core/block.ts";
import { float32 } from "../core/port.ts";
import { slot } from "../core/slot.ts";
import { Conv } from "./conv.ts";
import { EncoderLayer } from "./encoderLayer.ts";
import { flattenGrid } from "./flattenGrid.ts";
import { Linear } from "./linear.ts";
import { normSlot } from "./norm.ts";
import { PositionEmbedding } from "./positionEmbedding.ts";

/**
 * A vision transformer: the image's patches as a sequence, through encoder layers.
 *
 * A linear embedding of each patch, a learnt position embedding, `depth` encoder layers, a last normalisation and a linear projection.
 * Shapes: `images` [batch, media, frames, imageSize, imageSize, 3] in −1 to 1, `features` [batch, media, frames,
 * (imageSize/patchSize)², visualDim].
 *
 * @see Dosovitskiy et al. 2020, ViT, arXiv:2010.11929 (OpenFlamingo's encoder is CLIP's ViT-L/14)
 */
export const VisionTransformer = defineBlock({
  name: "VisionTransformer",
  title: "Vision transformer",
  category: "Vision",
  summary: "A vision transformer: the image's patches as a sequence, through encoder layers.",
  paper: "arXiv:2010.11929",
  config: z.strictObject({
    imageSize: count("Image side", "Side of the square images.", "pixels").default(32),
    patchSize: count("Patch side", "Side of each patch.", "pixels").default(8),
    visualDim: count("Visual width", "Channels of each visual feature.", "channels").default(128),
    depth: layerCount("Layers", "Encoder layers.").default(4),
    layer: slot({
      title: "Encoder layer",
      description: "The layers of the encoder.",
      inputs: { hidden: float32("...lead length dim", "hidden states, one a patch") },
      outputs: { hidden: float32("...lead length dim", "hidden states after the layer") },
      given: ["dim"],
      default: { block: EncoderLayer, config: { heads: 4, headDim: 32 } },
    }),
    norm: normSlot,
  }),
  example: {
    imageSize: 8,
    patchSize: 4,
    visualDim: 8,
    depth: 1,
    layer: {
      type: "EncoderLayer",
      config: { heads: 2, headDim: 4, feedForward: { type: "FeedForward", config: { mult: 2 } } },
    },
  },
  perImage: true,
  exampleSizes: { batch: 1, media: 2, frames: 1 },
  inputs: { images: float32("batch media frames imageSize imageSize 3", "images or video frames, from -1 to 1") },
  outputs: {
    features: float32(
      "batch media frames (imageSize/patchSize)*(imageSize/patchSize) visualDim",
      "visual features of each frame, one a patch",
    ),
  },
  build({ imageSize, patchSize, visualDim: dim, depth, layer, norm }, { child }) {
    const patches = child("patches", Conv, { inChannels: 3, outChannels: dim, kernel: patchSize, stride: patchSize });
    const positions = child("positions", PositionEmbedding, { length: Math.floor(imageSize / patchSize) ** 2, dim });
    const layers = Array.from({ length: depth }, (_, index) => child(`layers.${index}`, layer, { dim }));
    const normalise = child("norm", norm, { dim });
    const project = child("project", Linear, { inDim: dim, outDim: dim });
    return ({ images }) => {
      let hidden = positions(flattenGrid(patches(images))); // [B, M, F, V, D]
      for (const layer of layers) hidden = layer(hidden);
      return project(normalise(hidden));
    };
  },
});
