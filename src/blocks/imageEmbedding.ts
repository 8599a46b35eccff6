import { z } from "zod";
import { float32 } from "../core/port.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { mean, reshape } from "../engine/tensor.ts";

/**
 * Image embedding: the mean of all features of a row's images.
 *
 * Shapes: `features` [batch, media, frames, features, visualDim], `embedding` [batch, visualDim]: the mean runs over all
 * images and frames of a row.
 *
 * @see Alayrac et al. 2022, Flamingo, appendix B.1.3 (contrastive pretraining: mean pooling)
 */
export const ImageEmbedding = definePrimitive({
  name: "ImageEmbedding",
  title: "Image embedding",
  category: "Vision",
  summary: "Image embedding: the mean of all features of a row's images.",
  paper: "Appendix B.1.3",
  config: z.strictObject({}),
  example: {},
  exampleSizes: { batch: 2, media: 1, frames: 1, features: 5, visualDim: 6 },
  inputs: { features: float32("batch media frames features visualDim", "visual features") },
  outputs: { embedding: float32("batch visualDim", "one vector a row") },
  build:
    () =>
    ({ features }) => {
      const [batch, media, frames, count, dim] = features.shape as [number, number, number, number, number];
      return mean(reshape(features, [batch, media * frames * count, dim]), 1);
    },
});
