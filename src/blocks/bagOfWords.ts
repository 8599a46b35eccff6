import { z } from "zod";
import { count } from "../core/configFields.ts";
import { defineBlock } from "../core/defineBlock.ts";
import { float32, int32 } from "../core/port.ts";
import { Linear } from "./linear.ts";
import { sumOfWords } from "./sumOfWords.ts";
import { TokenEmbedding } from "./tokenEmbedding.ts";

/**
 * A bag of words: one vector of the joint space for a set of tokens, in any order.
 *
 * embedding = W · Σ table[token] over tokens that are no padding (id 0). The table may start as a language model's own.
 * The contrastive loss normalises the vector, so its length does not matter. Shapes: `words` [batch, words], `embedding` [batch,
 * jointDim].
 *
 * @see Alayrac et al. 2022, Flamingo, appendix B.1.3, whose text encoder is BERT; a bag of words is enough for labels
 */
export const BagOfWords = defineBlock({
  name: "BagOfWords",
  title: "Bag of words",
  category: "Language",
  summary: "A bag of words: one vector of the joint space for a set of tokens, in any order.",
  paper: "Appendix B.1.3",
  config: z.strictObject({
    vocabulary: count("Vocabulary", "Tokens of the language model.", "tokens"),
    dim: count("Text width", "Channels of the language model's embeddings.", "channels"),
    jointDim: count("Joint width", "Channels of the joint space of images and texts.", "channels").default(128),
  }),
  example: { vocabulary: 9, dim: 6, jointDim: 4 },
  exampleSizes: { batch: 2, words: 5 },
  inputs: { words: int32("batch words", "token ids, 0 for padding") },
  outputs: { embedding: float32("batch jointDim", "one vector a row") },
  build({ vocabulary, dim, jointDim }, { child }) {
    const embed = child("embed_tokens", TokenEmbedding, { vocabulary, dim });
    const project = child("project", Linear, { inDim: dim, outDim: jointDim });
    return ({ words }) => project(sumOfWords(words, embed(words).hidden));
  },
});
