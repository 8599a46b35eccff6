import { z } from "zod";
import type { CompositeScope } from "../core/block.ts";
import type { Value } from "../core/call.ts";
import { count, layerCount } from "../core/configFields.ts";
import { defineBlock } from "../core/defineBlock.ts";
import { float32 } from "../core/port.ts";
import { optionalSlot, slot } from "../core/slot.ts";
import { ClassToken } from "./classToken.ts";
import { Conv } from "./conv.ts";
import { EncoderLayer } from "./encoderLayer.ts";
import { flattenGrid } from "./flattenGrid.ts";
import { Linear } from "./linear.ts";
import { normSlot } from "./norm.ts";
import { pixelsSlot } from "./normalizePixels.ts";
import { PositionEmbedding } from "./positionEmbedding.ts";
import { splitClassToken } from "./splitClassToken.ts";

/** The configuration of a vision transformer's patches and layers. */
export const visionTransformerFields = {
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
  pixels: pixelsSlot,
  patchBias: z
    .boolean()
    .default(true)
    .meta({ title: "Bias of patches", description: "Adds a learnt vector to the embedding of each patch." }),
  positions: slot({
    title: "Position embeddings",
    description: "Added to the class token, if there is one, and to the patches.",
    inputs: { x: float32("...lead length dim", "vectors, one a position") },
    outputs: { y: float32("...lead length dim", "vectors with their position") },
    given: ["length", "dim"],
    default: PositionEmbedding,
  }),
  preNorm: optionalSlot({
    title: "First normalisation",
    description: "Before the first layer; none unless chosen.",
    inputs: { x: float32("...lead dim", "vectors") },
    outputs: { y: float32("...lead dim", "normalised vectors") },
    given: ["dim"],
  }),
  norm: normSlot.meta({ ...normSlot.meta(), title: "Last normalisation", description: "After the last layer." }),
};

type Fields = z.output<z.ZodObject<typeof visionTransformerFields>>;

/**
 * Images to hidden states after the last layer: of the class token, if there is one, and of each patch, row by row.
 */
export function imageTokens(
  { imageSize, patchSize, visualDim: dim, depth, layer, patchBias, positions, preNorm, pixels }: Fields,
  classToken: boolean,
  child: CompositeScope["child"],
): (images: Value) => Value {
  const prepare = pixels && child("pixels", pixels, {});
  const square = { kernel: patchSize, stride: patchSize };
  const embed = child("patches", Conv, { inChannels: 3, outChannels: dim, ...square, bias: patchBias });
  const begin = classToken ? child("class_token", ClassToken, { dim }) : undefined;
  const length = Math.floor(imageSize / patchSize) ** 2 + (classToken ? 1 : 0);
  const addPositions = child("positions", positions, { length, dim });
  const normalise = preNorm && child("pre_norm", preNorm, { dim });
  const layers = Array.from({ length: depth }, (_, index) => child(`layers.${index}`, layer, { dim }));
  return (images) => {
    const patches = flattenGrid(embed(prepare ? prepare(images) : images)); // [B, M, F, V, D]
    let hidden = addPositions(begin ? begin(patches) : patches);
    if (normalise) hidden = normalise(hidden);
    for (const layer of layers) hidden = layer(hidden);
    return hidden;
  };
}

/**
 * A vision transformer: the image's patches as a sequence, through encoder layers.
 *
 * A linear embedding of each patch, a class token if asked, a position embedding, `depth` encoder layers; then, by default, a last
 * normalisation and a linear projection. Features are those of the patches, without the class token. Shapes: `images` [batch, media,
 * frames, imageSize, imageSize, 3] in −1 to 1, `features` [batch, media, frames, (imageSize/patchSize)², visualDim].
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
    ...visionTransformerFields,
    classToken: z.boolean().default(false).meta({
      title: "Class token",
      description: "A learnt vector before the patches, which attends with them and is no feature.",
    }),
    normalise: z.boolean().default(true).meta({
      title: "Normalise features",
      description: "Features leave after the last normalisation; CLIP's, as OpenFlamingo takes them, leave before it.",
    }),
    project: z
      .boolean()
      .default(true)
      .meta({ title: "Project features", description: "A linear map of the features comes last." }),
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
  build({ classToken, normalise, project, ...config }, { child }) {
    const encode = imageTokens(config, classToken, child);
    const dim = config.visualDim;
    const norm = normalise ? child("norm", config.norm, { dim }) : undefined;
    const projection = project ? child("project", Linear, { inDim: dim, outDim: dim }) : undefined;
    return ({ images }) => {
      const hidden = encode(images);
      const patches = classToken ? splitClassToken(hidden).patches : hidden; // [B, M, F, V, D]
      const features = norm ? norm(patches) : patches;
      return projection ? projection(features) : features;
    };
  },
});
