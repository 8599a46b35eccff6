import { z } from "zod";
import { ConvEncoder } from "../blocks/convEncoder.ts";
import { PerceiverResampler } from "../blocks/perceiverResampler.ts";
import { resamplerInputs, resamplerOutputs } from "../blocks/resampler.ts";
import { textMask } from "../blocks/textPositions.ts";
import { count } from "../core/configFields.ts";
import { defineBlock } from "../core/defineBlock.ts";
import { float32, int32 } from "../core/port.ts";
import { slot } from "../core/slot.ts";
import { FlamingoLanguageModel, languageModelInputs } from "./languageModel.ts";

/**
 * The whole Flamingo: images and text, interleaved, to logits of the next token.
 *
 * A frozen vision encoder turns images into features, a resampler turns features into a fixed number of visual tokens, and a frozen
 * language model attends to them through new layers. Each of the three is a slot. Shapes: `images` [batch, media, frames, imageSize,
 * imageSize, 3] in −1 to 1, `ids` [batch, length], `logits` [batch, length, tokens].
 *
 * Its weights are initialised by `Weights`, its loss is `NextTokenLoss`, and `generate` continues a prompt with it.
 *
 * @throws FlamingoError MEDIA_COUNT if a row has another number of `<image>` tokens than images
 * @see Alayrac et al. 2022, Flamingo, section 2 and Figure 3, arXiv:2204.14198
 */
export const Flamingo = defineBlock({
  name: "Flamingo",
  title: "Flamingo",
  category: "Fusion",
  summary: "The whole Flamingo: images and text, interleaved, to logits of the next token.",
  paper: "2, Figure 3",
  config: z.strictObject({
    imageSize: count("Image side", "Side of the square images.", "pixels").default(32),
    visualDim: count("Visual width", "Channels of features and visual tokens.", "channels").default(128),
    visionEncoder: slot({
      title: "Vision encoder",
      description: "Turns images into features. Frozen.",
      inputs: { images: float32("batch media frames imageSize imageSize 3", "images or video frames, from -1 to 1") },
      outputs: { features: float32("batch media frames features visualDim", "visual features of each frame") },
      given: ["imageSize", "visualDim"],
      default: ConvEncoder,
    }),
    frozenVision: z
      .boolean()
      .default(true)
      .meta({ title: "Frozen vision encoder", description: "Keeps the encoder's weights as they are." }),
    resampler: slot({
      title: "Resampler",
      description: "Turns features into visual tokens.",
      inputs: resamplerInputs,
      outputs: resamplerOutputs,
      given: ["visualDim"],
      default: PerceiverResampler,
    }),
    languageModel: slot({
      title: "Language model",
      description: "Reads the text and, through new layers, the visual tokens.",
      inputs: languageModelInputs,
      outputs: { logits: float32("batch length tokens", "scores of each token as the next") },
      given: ["visualDim"],
      default: FlamingoLanguageModel,
    }),
  }),
  example: {
    imageSize: 16,
    visualDim: 16,
    resampler: { type: "PerceiverResampler", config: { depth: 1, latents: 3, heads: 2, headDim: 4 } },
    languageModel: {
      type: "FlamingoLanguageModel",
      config: {
        vocabulary: 7,
        newTokens: 2,
        imageToken: 7,
        dim: 8,
        layers: 2,
        decoderLayer: { type: "DecoderLayer", config: { heads: 2, headDim: 4 } },
        fusionLayer: { type: "GatedXattnDense", config: { heads: 2, headDim: 4, padded: true } },
      },
    },
  },
  exampleSizes: { batch: 2, length: 5, media: 2, frames: 1, tokens: 9 },
  inputs: {
    images: float32("batch media frames imageSize imageSize 3", "images or video frames, from -1 to 1"),
    ids: int32("batch length", "token ids, with <image> for each image"),
    mask: textMask,
  },
  outputs: { logits: float32("batch length tokens", "scores of each token as the next") },
  build({ imageSize, visualDim, visionEncoder, frozenVision, resampler, languageModel }, { child }) {
    const encode = child(
      "vision_encoder",
      visionEncoder,
      { imageSize, visualDim },
      { pretrained: true, frozen: frozenVision },
    );
    const resample = child("perceiver", resampler, { visualDim });
    const model = child("lang_encoder", languageModel, { visualDim });
    return ({ images, ids, mask }) => {
      const features = encode(images); // [B, M, F, V, visualDim]
      const media = resample(features); // [B, M, N, visualDim]
      return model({ ids, media, mask }); // [B, L, tokens]
    };
  },
});
