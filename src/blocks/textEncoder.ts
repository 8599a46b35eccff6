import { z } from "zod";
import { count, layerCount } from "../core/configFields.ts";
import { defineBlock } from "../core/defineBlock.ts";
import { float32, int32, optional } from "../core/port.ts";
import { slot } from "../core/slot.ts";
import { DecoderLayer } from "./decoderLayer.ts";
import { lastToken } from "./lastToken.ts";
import { Linear } from "./linear.ts";
import { normSlot } from "./norm.ts";
import { sumOfWords } from "./sumOfWords.ts";
import { TextPositions } from "./textPositions.ts";
import { TokenEmbedding } from "./tokenEmbedding.ts";
import { tokenMask } from "./tokenMask.ts";

/**
 * A text encoder for the contrastive objective: one vector of the joint space for a text.
 *
 * Token and position embeddings, `depth` layers, a last normalisation, the last token's vector or the mean over all tokens, and a
 * linear map to the joint space. Nothing attends to padding, so that it changes nothing. The contrastive loss normalises the vector, so
 * the mean is a sum here. Shapes: `words` [batch, words], 0 for padding; `embedding` [batch, jointDim].
 *
 * @see Radford et al. 2021, CLIP, section 2.4, arXiv:2103.00020; Alayrac et al. 2022, Flamingo, appendix B.1.3 (BERT, mean pooling)
 */
export const TextEncoder = defineBlock({
  name: "TextEncoder",
  title: "Text encoder",
  category: "Language",
  summary: "A text encoder for the contrastive objective: one vector of the joint space for a text.",
  paper: "Appendix B.1.3; arXiv:2103.00020",
  config: z.strictObject({
    vocabulary: count("Vocabulary", "Tokens of the tokenizer.", "tokens"),
    dim: count("Width", "Channels of the residual stream.", "channels").default(128),
    jointDim: count("Joint width", "Channels of the joint space of images and texts.", "channels").default(128),
    maxLength: count("Longest text", "Positions that have an embedding.", "tokens").default(77),
    depth: layerCount("Layers", "Layers of the encoder.").default(4),
    layer: slot({
      title: "Layer",
      description:
        "The layers of the encoder: causal as in CLIP, or an encoder layer, which sees the whole text, as in BERT.",
      inputs: {
        hidden: float32("batch length dim", "hidden states"),
        keyMask: optional(int32("batch keys", "1 at each token, 0 at padding")),
      },
      outputs: { hidden: float32("batch length dim", "hidden states after the layer") },
      given: ["dim"],
      default: { block: DecoderLayer, config: { heads: 4, headDim: 32 } },
    }),
    norm: normSlot.meta({ ...normSlot.meta(), title: "Last normalisation", description: "After the last layer." }),
    pool: z.enum(["mean", "last"]).default("mean").meta({
      title: "Vector of the text",
      description: "The mean over all tokens (Flamingo), or the vector of the last one (CLIP).",
    }),
  }),
  example: {
    vocabulary: 9,
    dim: 8,
    jointDim: 4,
    maxLength: 6,
    depth: 1,
    layer: { type: "DecoderLayer", config: { heads: 2, headDim: 4 } },
  },
  exampleSizes: { batch: 2, words: 5 },
  inputs: { words: int32("batch words", "token ids, 0 for padding") },
  outputs: { embedding: float32("batch jointDim", "one vector a row") },
  build({ vocabulary, dim, jointDim, maxLength, depth, layer, norm, pool }, { child }) {
    const embed = child("embed_tokens", TokenEmbedding, { vocabulary, dim });
    const addPositions = child("embed_positions", TextPositions, { maxLength, dim });
    const layers = Array.from({ length: depth }, (_, index) => child(`layers.${index}`, layer, { dim }));
    const normalise = child("norm", norm, { dim });
    const project = child("project", Linear, { inDim: dim, outDim: jointDim });
    return ({ words }) => {
      let hidden = addPositions(embed(words).hidden); // [B, W, D]
      const keyMask = tokenMask(words);
      for (const layer of layers) hidden = layer({ hidden, keyMask });
      const normal = normalise(hidden);
      return project(pool === "last" ? lastToken(words, normal) : sumOfWords(words, normal));
    };
  },
});
