import { z } from "zod";
import { count } from "../core/block.ts";
import { float32 } from "../core/port.ts";
import { linear } from "../engine/linear.ts";
import { definePrimitive } from "../engine/primitive.ts";
import { mean, reshape } from "../engine/tensor.ts";

/**
 * Sums a picture up in one vector of the space that it shares with text.
 *
 * embedding = W · mean over features, no bias. Shapes: `features` [batch, media, frames, features, visualDim],
 * `embedding` [batch, jointDim]: the mean runs over all images and frames of a row.
 *
 * @see Alayrac et al. 2022, Flamingo, appendix B.1.3 (contrastive pretraining: mean pool and project)
 */
export const ImageEmbedding = definePrimitive({
  name: "ImageEmbedding",
  title: "Image embedding",
  category: "Vision",
  summary: "Sums a picture up in one vector of the space that it shares with text.",
  paper: "Appendix B.1.3",
  config: z.strictObject({
    visualDim: count("Visual width", "Channels of each visual feature.", "channels"),
    jointDim: count("Joint width", "Channels of the space shared with text.", "channels").default(128),
  }),
  example: { visualDim: 6, jointDim: 4 },
  exampleSizes: { batch: 2, media: 1, frames: 1, features: 5 },
  inputs: { features: float32("batch media frames features visualDim", "visual features") },
  outputs: { embedding: float32("batch jointDim", "one vector a row") },
  build({ visualDim, jointDim }, { weight }) {
    const matrix = weight("weight", [jointDim, visualDim], { kind: "uniform", bound: 1 / Math.sqrt(visualDim) });
    return ({ features }) => {
      const [batch, media, frames, places] = features.shape as [number, number, number, number, number];
      return linear(mean(reshape(features, [batch, media * frames * places, visualDim]), 1), matrix);
    };
  },
});
