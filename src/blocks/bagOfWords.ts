import { z } from "zod";
import { count } from "../core/block.ts";
import { float32, int32 } from "../core/port.ts";
import { embedding } from "../engine/embedding.ts";
import { linear } from "../engine/linear.ts";
import { multiply } from "../engine/multiply.ts";
import { definePrimitive } from "../engine/primitive.ts";
import { cast, expandDims, notEqual, scalar, sum } from "../engine/tensor.ts";

/**
 * Sums words up in one vector of the space that they share with pictures, whatever their order.
 *
 * embedding = W · Σ table[word] over words that are no padding (id 0). Its length does not matter: the contrastive loss
 * normalises it. Shapes: `words` [batch, words], `embedding` [batch, jointDim].
 *
 * @see Alayrac et al. 2022, Flamingo, appendix B.1.3, whose text encoder is BERT; a bag of words is enough for labels
 */
export const BagOfWords = definePrimitive({
  name: "BagOfWords",
  title: "Bag of words",
  category: "Language",
  summary: "Sums words up in one vector of the space that they share with pictures, whatever their order.",
  paper: "Appendix B.1.3",
  config: z.strictObject({
    vocabulary: count("Vocabulary", "Tokens that have a vector.", "tokens"),
    jointDim: count("Joint width", "Channels of the space shared with pictures.", "channels").default(128),
  }),
  example: { vocabulary: 9, jointDim: 4 },
  exampleSizes: { batch: 2, words: 5 },
  inputs: { words: int32("batch words", "token ids, 0 where there is no word") },
  outputs: { embedding: float32("batch jointDim", "one vector a row") },
  build({ vocabulary, jointDim }, { weight }) {
    const table = weight("table", [vocabulary, jointDim], { kind: "normal", std: 1 });
    const matrix = weight("weight", [jointDim, jointDim], { kind: "uniform", bound: 1 / Math.sqrt(jointDim) });
    return ({ words }) => {
      const there = cast(notEqual(words, scalar(0, "int32")), "float32"); // [B, W]
      const vectors = multiply(embedding(table, words), expandDims(there, 2)); // [B, W, D]
      return linear(sum(vectors, 1), matrix);
    };
  },
});
