import { z } from "zod";
import { CrossDecoderLayer } from "../blocks/crossDecoderLayer.ts";
import { decoderLayerSlot } from "../blocks/decoderLayer.ts";
import { layerCount } from "../core/configFields.ts";
import { defineBlock } from "../core/defineBlock.ts";
import { buildLanguageModel, languageModelFields, languageModelInputs, languageModelOutputs } from "./languageModel.ts";

/**
 * A language model with new layers grafted on top: the frozen layers are left as they are, and new ones read their output and the media.
 *
 * Token embeddings and decoder layers as in the pretrained model; then `newLayers` new decoder layers with self-attention, cross-attention
 * and feed-forward; a last normalisation and the output layer. Shapes: `ids` [batch, length], `media` [batch, media, latents,
 * visualDim], `logits` [batch, length, vocabulary + newTokens].
 *
 * @throws FlamingoError MEDIA_COUNT if a row has another number of `<image>` tokens than images
 * @see Alayrac et al. 2022, Flamingo, section 3.3 and Table 3 (iv: GRAFTING), arXiv:2204.14198; Luo et al. 2022, VC-GPT
 */
export const GraftedLanguageModel = defineBlock({
  name: "GraftedLanguageModel",
  title: "Language model with grafted layers",
  category: "Language",
  summary:
    "A language model with new layers grafted on top: the frozen layers are left as they are, and new ones read their output and the media.",
  paper: "3.3, Table 3",
  config: z.strictObject({
    ...languageModelFields,
    newLayers: layerCount("New layers", "Layers on top of the frozen ones.").default(4),
    newLayer: decoderLayerSlot
      .removeDefault()
      .default({ type: CrossDecoderLayer.name, config: {} } as never)
      .meta({
        ...decoderLayerSlot.meta(),
        title: "New layer",
        description: "The layers on top of the frozen ones.",
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
    newLayers: 1,
    newLayer: {
      type: "CrossDecoderLayer",
      config: {
        heads: 2,
        headDim: 4,
        crossAttention: { type: "MaskedCrossAttention", config: { heads: 2, headDim: 4, padded: true } },
      },
    },
  },
  exampleSizes: { batch: 2, length: 5, media: 2, latents: 3 },
  inputs: languageModelInputs,
  outputs: languageModelOutputs,
  build(config, { child }) {
    const { dim, visualDim, decoderLayer, newLayer } = config;
    const stack = <Layer>(layers: number, make: (layer: number) => Layer) =>
      Array.from({ length: layers }, (_, layer) => make(layer));
    return buildLanguageModel(config, child, (pretrained) => [
      ...stack(config.layers, (layer) => child(`layers.${layer}`, decoderLayer, { dim, visualDim }, pretrained)),
      ...stack(config.newLayers, (layer) =>
        child(`new_layers.${layer}`, newLayer, { dim, visualDim }, { pretrained: false }),
      ),
    ]);
  },
});
