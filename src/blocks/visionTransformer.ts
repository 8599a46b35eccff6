import { z } from "zod";
import { count, defineBlock } from "../core/block.ts";
import { float32 } from "../core/port.ts";
import { Conv } from "./conv.ts";
import { EncoderLayer } from "./encoderLayer.ts";
import { FlattenGrid } from "./flattenGrid.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Linear } from "./linear.ts";
import { PositionEmbedding } from "./positionEmbedding.ts";

/**
 * Sees a picture as patches that look at each other: a vision transformer.
 *
 * Each patch becomes a vector, gets a learnt place, and passes through `depth` encoder layers, a last LayerNorm and a projection.
 * Shapes: `images` [batch, media, frames, imageSize, imageSize, 3] in −1 to 1, `features` [batch, media, frames,
 * (imageSize/patchSize)², visualDim].
 *
 * @see Dosovitskiy et al. 2020, ViT, arXiv:2010.11929 (OpenFlamingo's encoder is CLIP's ViT-L/14)
 */
export const VisionTransformer = defineBlock({
  name: "VisionTransformer",
  title: "Vision transformer",
  category: "Vision",
  summary: "Sees a picture as patches that look at each other: a vision transformer.",
  paper: "arXiv:2010.11929",
  config: z.strictObject({
    imageSize: count("Image side", "Side of the square pictures.", "pixels").default(32),
    patchSize: count("Patch side", "Side of each patch.", "pixels").default(8),
    visualDim: count("Visual width", "Channels of each visual feature.", "channels").default(128),
    depth: count("Layers", "Encoder layers.").default(4),
    heads: count("Heads", "Attention heads.").default(4),
    headDim: count("Head width", "Channels of each head.", "channels").default(32),
    ffMult: count("Expansion", "How many times wider the feed-forward's inner layer is.").default(4),
  }),
  example: { imageSize: 8, patchSize: 4, visualDim: 8, depth: 1, heads: 2, headDim: 4, ffMult: 2 },
  perImage: true,
  exampleSizes: { batch: 1, media: 2, frames: 1 },
  inputs: { images: float32("batch media frames imageSize imageSize 3", "pictures or video frames, from -1 to 1") },
  outputs: {
    features: float32(
      "batch media frames (imageSize/patchSize)*(imageSize/patchSize) visualDim",
      "visual features of each frame, one a patch",
    ),
  },
  build({ imageSize, patchSize, visualDim: dim, depth, heads, headDim, ffMult }, { child }) {
    const patches = child("patches", Conv, { inChannels: 3, outChannels: dim, kernel: patchSize, stride: patchSize });
    const flatten = child("flatten", FlattenGrid, {});
    const place = child("positions", PositionEmbedding, { length: Math.floor(imageSize / patchSize) ** 2, dim });
    const layers = Array.from({ length: depth }, (_, layer) =>
      child(`layers.${layer}`, EncoderLayer, { dim, heads, headDim, ffMult }),
    );
    const norm = child("norm", LayerNorm, { dim });
    const project = child("project", Linear, { inDim: dim, outDim: dim });
    return ({ images }) => {
      let hidden = place({ x: flatten({ x: patches({ x: images }) }) }); // [B, M, F, V, D]
      for (const layer of layers) hidden = layer({ hidden });
      return project({ x: norm({ x: hidden }) });
    };
  },
});
