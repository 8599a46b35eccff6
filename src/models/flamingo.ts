import { z } from "zod";
import { ConvEncoder } from "../blocks/convEncoder.ts";
import { DecoderLayer } from "../blocks/decoderLayer.ts";
import { activationField } from "../blocks/feedForward.ts";
import { GatedXattnDense } from "../blocks/gatedXattnDense.ts";
import { Logits } from "../blocks/logits.ts";
import { MediaLocations } from "../blocks/mediaLocations.ts";
import { attendField, paddedField } from "../blocks/mediaMask.ts";
import { normField, norms } from "../blocks/norm.ts";
import { PerceiverResampler } from "../blocks/perceiverResampler.ts";
import { selfAttentionFields } from "../blocks/selfAttention.ts";
import { TextPositions } from "../blocks/textPositions.ts";
import { TokenEmbedding, vocabularyFields } from "../blocks/tokenEmbedding.ts";
import { count, defineBlock } from "../core/block.ts";
import { float32, int32, optional } from "../core/port.ts";

const languageFields = {
  ...vocabularyFields,
  imageToken: z
    .int()
    .nonnegative()
    .meta({ title: "<image> token", description: "Id of the tag that stands for an image." }),
  dim: count("Text width", "Channels of the language model's residual stream.", "channels"),
  layers: count("Layers", "Decoder layers."),
  heads: count("Heads", "Attention heads of a decoder layer."),
  headDim: count("Head width", "Channels of each head of a decoder layer.", "channels"),
  alibi: z
    .boolean()
    .default(true)
    .meta({ title: "ALiBi", description: "Tells distances by slopes in place of position embeddings." }),
  rotary: selfAttentionFields.rotary,
  positions: z.int().nonnegative().default(0).meta({
    title: "Learnt positions",
    description: "Places that have a learnt vector of their own, the longest text there can be; 0 for none.",
    unit: "tokens",
  }),
  ffMult: count("Expansion", "How many times wider the inner layer of a feed-forward is.").default(4),
  activation: activationField,
  norm: normField.meta({
    title: "Normalisation",
    description: "LayerNorm, or RMSNorm as in LLaMA: in the language model's own layers.",
  }),
  newActivation: activationField.meta({
    title: "Activation of new layers",
    description:
      "GELU as in OpenFlamingo, squared ReLU as in the paper, SiLU, or SwiGLU: in the layers that Flamingo adds.",
  }),
  frozen: z.boolean().default(true).meta({
    title: "Frozen language model",
    description: "Keeps the pretrained layers as they are; gated layers and new tokens learn all the same.",
  }),
  visualDim: count("Visual width", "Channels of each visual token.", "channels"),
  every: count(
    "Gated layer before every nth",
    "1 puts a gated layer before each decoder layer, 4 before each fourth.",
  ).default(1),
  placement: z.enum(["first", "last"]).default("first").meta({
    title: "Placement",
    description: "Before layers 0, n, 2n (the paper) or before n−1, 2n−1 (OpenFlamingo).",
  }),
  gatedHeads: count("Cross-attention heads", "Attention heads of a gated layer.").default(8),
  gatedHeadDim: count("Cross-attention head width", "Channels of each head of a gated layer.", "channels").default(64),
  attend: attendField,
  padded: paddedField,
};

/**
 * A language model that reads text and, through gated cross-attention layers, the images in it.
 *
 * Token embeddings and, if asked, learnt positions; then layer by layer GATED XATTN-DENSE and the decoder layer that it
 * stands before; a last normalisation, and logits by the embeddings. Without `media` it is the language model alone; with it,
 * and gates at 0, its logits are the same to the last bit. Shapes: `ids` [batch, length], `media` [batch, media, latents,
 * visualDim], `logits` [batch, length, vocabulary + newTokens].
 *
 * @throws FlamingoError MEDIA_COUNT if a row has another number of `<image>` tags than images
 * @see Alayrac et al. 2022, Flamingo, section 2.2, Figures 3 and 4, arXiv:2204.14198
 */
export const FlamingoLanguageModel = defineBlock({
  name: "FlamingoLanguageModel",
  title: "Language model with gated layers",
  category: "Language",
  summary: "A language model that reads text and, through gated cross-attention layers, the images in it.",
  paper: "2.2, Figures 3 and 4",
  config: z.strictObject(languageFields),
  example: {
    vocabulary: 7,
    newTokens: 2,
    imageToken: 7,
    dim: 8,
    layers: 2,
    heads: 2,
    headDim: 4,
    ffMult: 2,
    visualDim: 6,
    gatedHeads: 2,
    gatedHeadDim: 4,
    padded: true,
  },
  exampleSizes: { batch: 2, length: 5, media: 2, latents: 3 },
  inputs: {
    ids: int32("batch length", "token ids, with a tag for each image"),
    media: optional(float32("batch media latents visualDim", "visual tokens of each image")),
  },
  outputs: { logits: float32("batch length vocabulary+newTokens", "scores of each token as the next") },
  build(config, { child }) {
    const { dim, heads, headDim, ffMult, newActivation, frozen, visualDim, attend, padded } = config;
    const { alibi, rotary, norm, activation } = config;
    const embed = child(
      "embed_tokens",
      TokenEmbedding,
      { vocabulary: config.vocabulary, newTokens: config.newTokens, dim },
      { frozen },
    );
    const place =
      config.positions > 0
        ? child("embed_positions", TextPositions, { maxLength: config.positions, dim }, { frozen })
        : undefined;
    const locate = child("locations", MediaLocations, { imageToken: config.imageToken });
    const gated = {
      dim,
      visualDim,
      heads: config.gatedHeads,
      headDim: config.gatedHeadDim,
      ffMult,
      activation: newActivation,
      attend,
      padded,
    };
    const decoder = { dim, heads, headDim, alibi, rotary, norm, ffMult, activation };
    const layers = Array.from({ length: config.layers }, (_, layer) => ({
      look: hasGate(layer, config) ? child(`gated_cross_attn_layers.${layer}`, GatedXattnDense, gated) : undefined,
      decode: child(`layers.${layer}`, DecoderLayer, decoder, { frozen }),
    }));
    const normalise = child("norm", norms[norm], { dim }, { frozen });
    const score = child("logits", Logits, {});
    return ({ ids, media }) => {
      const { hidden: words, table } = embed({ ids });
      const locations = media && locate({ ids });
      let hidden = place ? place({ x: words }) : words; // [B, L, D]
      for (const { look, decode } of layers) {
        if (look && media && locations) hidden = look({ text: hidden, media, locations });
        hidden = decode({ hidden });
      }
      return score({ hidden: normalise({ x: hidden }), table });
    };
  },
});

/** Whether a gated layer stands before this decoder layer. */
function hasGate(layer: number, { every, placement }: { every: number; placement: "first" | "last" }): boolean {
  return placement === "first" ? layer % every === 0 : (layer + 1) % every === 0;
}

/**
 * The whole Flamingo: reads images and text interleaved, and says what text comes next.
 *
 * A frozen vision encoder turns images into features, a Perceiver Resampler turns features into a fixed number of
 * visual tokens, and a frozen language model attends to them through gated layers. Shapes: `images` [batch, media,
 * frames, imageSize, imageSize, 3] in −1 to 1, `ids` [batch, length], `logits` [batch, length, vocabulary + newTokens].
 *
 * @throws FlamingoError MEDIA_COUNT if a row has another number of `<image>` tags than images
 * @see Alayrac et al. 2022, Flamingo, section 2 and Figure 3, arXiv:2204.14198
 */
export const Flamingo = defineBlock({
  name: "Flamingo",
  title: "Flamingo",
  category: "Fusion",
  summary: "The whole Flamingo: reads images and text interleaved, and says what text comes next.",
  paper: "2, Figure 3",
  config: z.strictObject({
    ...languageFields,
    imageSize: count("Image side", "Side of the square pictures; a multiple of 8.", "pixels").default(32),
    latents: count("Latents", "Visual tokens for each image.", "tokens").default(64),
    resamplerDepth: count("Resampler layers", "How often the latents look at the features.").default(6),
    resamplerHeads: count("Resampler heads", "Attention heads of the resampler.").default(8),
    resamplerHeadDim: count("Resampler head width", "Channels of each of them.", "channels").default(64),
  }),
  example: {
    vocabulary: 7,
    newTokens: 2,
    imageToken: 7,
    dim: 8,
    layers: 2,
    heads: 2,
    headDim: 4,
    ffMult: 2,
    visualDim: 16,
    gatedHeads: 2,
    gatedHeadDim: 4,
    padded: true,
    imageSize: 16,
    latents: 3,
    resamplerDepth: 1,
    resamplerHeads: 2,
    resamplerHeadDim: 4,
  },
  exampleSizes: { batch: 2, length: 5, media: 2, frames: 1 },
  inputs: {
    images: float32("batch media frames imageSize imageSize 3", "pictures or video frames, from -1 to 1"),
    ids: int32("batch length", "token ids, with a tag for each image"),
  },
  outputs: { logits: float32("batch length vocabulary+newTokens", "scores of each token as the next") },
  build({ imageSize, latents, resamplerDepth, resamplerHeads, resamplerHeadDim, ...language }, { child }) {
    const { visualDim, ffMult, newActivation } = language;
    const see = child("vision_encoder", ConvEncoder, { imageSize, visualDim }, { frozen: true });
    const resample = child("perceiver", PerceiverResampler, {
      visualDim,
      depth: resamplerDepth,
      latents,
      heads: resamplerHeads,
      headDim: resamplerHeadDim,
      ffMult,
      activation: newActivation,
    });
    const read = child("lang_encoder", FlamingoLanguageModel, language);
    return ({ images, ids }) => {
      const features = see({ images }); // [B, M, F, V, visualDim]
      const media = resample({ features }); // [B, M, N, visualDim]
      return read({ ids, media });
    };
  },
});
