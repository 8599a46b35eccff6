import { z } from "zod";
import { count } from "../core/configFields.ts";
import { FlamingoError } from "../core/errors.ts";
import { float32 } from "../core/port.ts";
import { add } from "../engine/ops/elementwise.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { slice, tile } from "../engine/tensor.ts";

/**
 * Learnt media time embeddings: adds a learnt vector to all features of each image of a document.
 *
 * y[b, m, v] = x[b, m, v] + weight[m]. Shapes: `x` and `y` [batch, media, features, dim]; there may be fewer images
 * than `maxMedia`. The weight [maxMedia, 1, dim] starts from a normal distribution, as in OpenFlamingo
 * (`media_time_embs`), which leaves it off by default.
 *
 * @throws FlamingoError SHAPE_MISMATCH if there are more images than `maxMedia`
 * @see OpenFlamingo v2.0.1, PerceiverResampler
 */
export const MediaTimeEmbedding = definePrimitive({
  name: "MediaTimeEmbedding",
  title: "Media time embedding",
  category: "Vision",
  summary: "Learnt media time embeddings: adds a learnt vector to all features of each image of a document.",
  paper: "OpenFlamingo, PerceiverResampler",
  config: z.strictObject({
    dim: count("Width", "Channels of each feature.", "channels"),
    maxMedia: count("Most images", "How many images have an embedding.", "images"),
  }),
  example: { dim: 6, maxMedia: 4 },
  exampleSizes: { batch: 1, media: 3, features: 5 },
  inputs: { x: float32("batch media features dim", "features of each image") },
  outputs: { y: float32("batch media features dim", "features with the index of their image") },
  build({ dim, maxMedia }, { weight }) {
    const embeddings = weight("", [maxMedia, 1, dim], { kind: "normal", std: 1 });
    return ({ x }) => {
      const [, media, features] = x.shape as [number, number, number, number];
      if (media > maxMedia)
        throw new FlamingoError("SHAPE_MISMATCH", `there are ${media} images, but embeddings for ${maxMedia}`, {
          expected: maxMedia,
          actual: media,
          fix: `set maxMedia to ${media} or more`,
        });
      return add(x, tile(slice(embeddings, [0, 0, 0], [media, 1, dim]), [1, features, 1])); // [M, V, D] onto [B, M, V, D]
    };
  },
});
