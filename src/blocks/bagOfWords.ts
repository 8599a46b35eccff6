import { z } from "zod";
import { count, defineBlock } from "../core/block.ts";
import { float32, int32 } from "../core/port.ts";
import { Linear } from "./linear.ts";
import { SumOfWords } from "./sumOfWords.ts";
import { TokenEmbedding } from "./tokenEmbedding.ts";

/**
 * Sums words up in one vector of the space that they share with pictures, whatever their order.
 *
 * embedding = W · Σ table[word] over words that are no padding (id 0). The table may start as a language model's own, so that
 * what a picture is like is said in its terms. The vector's length does not matter: the contrastive loss
 * normalises it. Shapes: `words` [batch, words], `embedding` [batch, jointDim].
 *
 * @see Alayrac et al. 2022, Flamingo, appendix B.1.3, whose text encoder is BERT; a bag of words is enough for labels
 */
export const BagOfWords = defineBlock({
  name: "BagOfWords",
  title: "Bag of words",
  category: "Language",
  summary: "Sums words up in one vector of the space that they share with pictures, whatever their order.",
  paper: "Appendix B.1.3",
  config: z.strictObject({
    vocabulary: count("Vocabulary", "Tokens of the language model.", "tokens"),
    dim: count("Text width", "Channels of the language model's embeddings.", "channels"),
    jointDim: count("Joint width", "Channels of the space shared with pictures.", "channels").default(128),
  }),
  example: { vocabulary: 9, dim: 6, jointDim: 4 },
  exampleSizes: { batch: 2, words: 5 },
  inputs: { words: int32("batch words", "token ids, 0 where there is no word") },
  outputs: { embedding: float32("batch jointDim", "one vector a row") },
  build({ vocabulary, dim, jointDim }, { child }) {
    const embed = child("embed_tokens", TokenEmbedding, { vocabulary, dim });
    const sum = child("sum", SumOfWords, {});
    const project = child("project", Linear, { inDim: dim, outDim: jointDim });
    return ({ words }) => project({ x: sum({ words, vectors: embed({ ids: words }).hidden }) });
  },
});
