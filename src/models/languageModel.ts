import { z } from "zod";
import { decoderLayerSlot } from "../blocks/decoderLayer.ts";
import { fusionLayerSlot } from "../blocks/gatedXattnDense.ts";
import { keyMaskOf } from "../blocks/keyMask.ts";
import { Linear } from "../blocks/linear.ts";
import { headSlot } from "../blocks/logits.ts";
import { mediaLocations } from "../blocks/mediaLocations.ts";
import { mediaPort } from "../blocks/mediaPorts.ts";
import { normSlot } from "../blocks/norm.ts";
import { positionsSlot, textMask } from "../blocks/textPositions.ts";
import { embeddingStdField, paddingTokenField, TokenEmbedding, vocabularyFields } from "../blocks/tokenEmbedding.ts";
import type { ChildOptions, CompositeScope } from "../core/block.ts";
import type { InputsOf, Value } from "../core/call.ts";
import { count, layerCount } from "../core/configFields.ts";
import { defineBlock } from "../core/defineBlock.ts";
import { FlamingoError } from "../core/errors.ts";
import { float32, int32, optional } from "../core/port.ts";

/** The configuration of any language model that reads media. */
export const languageModelFields = {
  ...vocabularyFields,
  imageToken: z.int().nonnegative().optional().meta({
    title: "<image> token",
    description: "Id of the token that stands for an image; left out where the model reads text alone.",
  }),
  paddingToken: paddingTokenField,
  embeddingStd: embeddingStdField,
  dim: count("Text width", "Channels of the language model's residual stream.", "channels"),
  embeddingDim: count(
    "Embedding width",
    "Channels of the token embeddings, where they are projected to the text width and back (OPT-350m).",
    "channels",
  ).optional(),
  visualDim: count(
    "Visual width",
    "Channels of each visual token; left out where the model reads text alone.",
    "channels",
  ).optional(),
  layers: layerCount("Layers", "Decoder layers."),
  decoderLayer: decoderLayerSlot,
  positions: positionsSlot,
  norm: normSlot.meta({ ...normSlot.meta(), title: "Last normalisation", description: "After the last layer." }),
  head: headSlot,
  frozen: z.boolean().default(true).meta({
    title: "Frozen language model",
    description: "Keeps the pretrained weights as they are; what is new in it is trained all the same.",
  }),
};

/** The input ports of a language model that reads media. */
export const languageModelInputs = {
  ids: int32("batch length", "token ids, with <image> for each image"),
  media: optional(mediaPort),
  mask: textMask,
};

/** The output port of a language model. */
export const languageModelOutputs = {
  logits: float32("batch length vocabulary+newTokens", "scores of each token as the next"),
};

/**
 * A language model with gated layers: token ids, and the images in the text, to logits.
 *
 * Token embeddings, plus position embeddings if there are any; the decoder layers, some of them after a fusion layer; a last
 * normalisation and the output layer. Without `media` it is the language model alone; with it and all gates at 0, its logits
 * have the same bits. Shapes: `ids` [batch, length], `media` [batch, media, latents, visualDim], `logits` [batch, length, vocabulary +
 * newTokens]. `mask` [batch, length] is 0 at the padding of a batch of texts, which no token attends to.
 *
 * @throws FlamingoError MEDIA_COUNT if a row has another number of `<image>` tokens than images
 * @see Alayrac et al. 2022, Flamingo, section 2.2, Figures 3 and 4, arXiv:2204.14198
 */
export const FlamingoLanguageModel = defineBlock({
  name: "FlamingoLanguageModel",
  title: "Language model with gated layers",
  category: "Language",
  summary: "A language model with gated layers: token ids, and the images in the text, to logits.",
  paper: "2.2, Figures 3 and 4",
  config: z.strictObject({
    ...languageModelFields,
    fusionLayer: fusionLayerSlot,
    every: count(
      "Fusion layer before every nth",
      "1 puts a fusion layer before each decoder layer, 4 before each fourth.",
    ).default(1),
    placement: z.enum(["first", "last", "middle", "none"]).default("first").meta({
      title: "Placement",
      description:
        "Before layers 0, n, 2n (the paper), before n−1, 2n−1 (OpenFlamingo), a single one before the middle layer, or none.",
    }),
  }),
  example: {
    vocabulary: 7,
    newTokens: 2,
    imageToken: 7,
    dim: 8,
    visualDim: 6,
    layers: 2,
    decoderLayer: { type: "DecoderLayer", config: { heads: 2, headDim: 4 } },
    fusionLayer: { type: "GatedXattnDense", config: { heads: 2, headDim: 4, padded: true } },
  },
  exampleSizes: { batch: 2, length: 5, media: 2, latents: 3 },
  inputs: languageModelInputs,
  outputs: languageModelOutputs,
  build(config, { child }) {
    if (config.imageToken === undefined && config.placement !== "none") throw noImageToken();
    const { dim, visualDim, fusionLayer, decoderLayer } = config;
    return buildLanguageModel(config, child, (pretrained) =>
      Array.from({ length: config.layers }, (_, layer): Layer => {
        const fuse = hasFusion(layer, config)
          ? child(`gated_cross_attn_layers.${layer}`, fusionLayer, { dim, visualDim }, { pretrained: false })
          : undefined;
        const decode = child(`layers.${layer}`, decoderLayer, { dim, visualDim }, pretrained);
        return ({ hidden, media, locations, keyMask }) => {
          const fused = fuse ? fuse({ text: hidden, media, locations: locations! }) : hidden;
          return decode({ hidden: fused, media, locations, keyMask });
        };
      }),
    );
  },
});

function noImageToken(): FlamingoError {
  const message = "the language model reads images, but has no imageToken that says where a text has them";
  return new FlamingoError("INVALID_CONFIG", message, {
    block: "FlamingoLanguageModel",
    fix: 'set imageToken to the id of <image>, or placement to "none"',
  });
}

type LanguageModelConfig = z.output<z.ZodObject<typeof languageModelFields>>;

/** A layer of a language model: hidden states [B, L, D] to hidden states, and whatever else of the text and the media it reads. */
type Layer = (inputs: Record<"hidden", Value> & Record<"media" | "locations" | "keyMask", Value | undefined>) => Value;

/**
 * The code of a language model around its layers: embeddings before them, the last normalisation and the output layer after them.
 * @param makeLayers makes the layers; its argument is how the pretrained ones among them are made
 */
export function buildLanguageModel(
  config: LanguageModelConfig,
  child: CompositeScope["child"],
  makeLayers: (pretrained: ChildOptions) => readonly Layer[],
) {
  const pretrained: ChildOptions = { pretrained: true, frozen: config.frozen && "pretrained" };
  const embed = makeEmbedding(config, child, pretrained);
  const layers = makeLayers(pretrained);
  const score = makeOutput(config, child, pretrained);
  return ({ ids, media, mask }: InputsOf<typeof languageModelInputs, Value>): Value => {
    const { table, locations, keyMask, ...text } = embed({ ids, media, mask });
    let { hidden } = text; // [B, L, D]
    for (const layer of layers) hidden = layer({ hidden, media, locations, keyMask });
    return score(hidden, table); // [B, L, vocabulary + newTokens]
  };
}

/** Makes what turns token ids into the hidden states that the first layer reads. */
function makeEmbedding(config: LanguageModelConfig, child: CompositeScope["child"], pretrained: ChildOptions) {
  const {
    vocabulary,
    newTokens,
    imageToken,
    paddingToken,
    dim,
    embeddingDim = dim,
    embeddingStd: std,
    positions,
  } = config;
  const tokens = { vocabulary, newTokens, dim: embeddingDim, paddingToken, std };
  const embed = child("embed_tokens", TokenEmbedding, tokens, pretrained);
  const project =
    embeddingDim === dim ? undefined : child("project_in", Linear, { inDim: embeddingDim, outDim: dim }, pretrained);
  const addPositions = positions && child("embed_positions", positions, { dim }, pretrained);
  const locate = imageToken === undefined ? undefined : mediaLocations.with({ imageToken });
  return ({ ids, media, mask }: InputsOf<typeof languageModelInputs, Value>) => {
    if (media && !locate) throw noImageToken();
    const { hidden: tokens, table } = embed(ids);
    const projected = project ? project(tokens) : tokens;
    return {
      hidden: addPositions ? addPositions({ x: projected, mask }) : projected, // [B, L, D]
      table,
      locations: locate?.(ids),
      keyMask: mask && keyMaskOf(mask),
    };
  };
}

/** Makes what turns the hidden states after the last layer into logits. */
function makeOutput(config: LanguageModelConfig, child: CompositeScope["child"], pretrained: ChildOptions) {
  const { vocabulary, newTokens, dim, embeddingDim = dim, norm, head } = config;
  const normalise = child("norm", norm, { dim }, pretrained);
  const project =
    embeddingDim === dim ? undefined : child("project_out", Linear, { inDim: dim, outDim: embeddingDim }, pretrained);
  const toLogits = child("logits", head, { dim: embeddingDim, vocabulary, newTokens }, pretrained);
  return (hidden: Value, table: Value): Value => {
    const normal = normalise(hidden);
    return toLogits({ hidden: project ? project(normal) : normal, table });
  };
}

type Stacking = { every: number; placement: "first" | "last" | "middle" | "none"; layers: number };

/** Whether a fusion layer stands before this decoder layer. */
function hasFusion(layer: number, { every, placement, layers }: Stacking): boolean {
  if (placement === "none") return false;
  if (placement === "middle") return layer === Math.floor(layers / 2);
  return placement === "first" ? layer % every === 0 : (layer + 1) % every === 0;
}
