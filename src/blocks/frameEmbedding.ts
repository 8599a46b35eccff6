import { z } from "zod";
import { count } from "../core/configFields.ts";
import { FlamingoError } from "../core/errors.ts";
import { float32 } from "../core/port.ts";
import { add } from "../engine/ops/elementwise.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { reshape, slice, tile } from "../engine/tensor.ts";

/**
 * Learnt frame embeddings: adds a learnt vector to the features of each frame of a video.
 *
 * y[b, m, f, v] = x[b, m, f, v] + weight[f]. Shapes: `x` and `y` [batch, media, frames, features, dim]; there may be
 * fewer frames than `maxFrames`. The weight [maxFrames, dim] starts from a normal distribution, as in OpenFlamingo
 * (`frame_embs`).
 *
 * @throws FlamingoError SHAPE_MISMATCH if there are more frames than `maxFrames`
 * @see Alayrac et al. 2022, Flamingo, section 2.1 and Figure 5, arXiv:2204.14198
 */
export const FrameEmbedding = definePrimitive({
  name: "FrameEmbedding",
  title: "Frame embedding",
  category: "Vision",
  summary: "Learnt frame embeddings: adds a learnt vector to the features of each frame of a video.",
  paper: "2.1, Figure 5",
  config: z.strictObject({
    dim: count("Width", "Channels of each feature.", "channels"),
    maxFrames: count("Most frames", "How many frames have an embedding.", "frames"),
  }),
  example: { dim: 6, maxFrames: 4 },
  exampleSizes: { batch: 1, media: 2, frames: 3, features: 5 },
  inputs: { x: float32("batch media frames features dim", "features of each frame") },
  outputs: { y: float32("batch media frames features dim", "features with their frame") },
  build({ dim, maxFrames }, { weight }) {
    const embeddings = weight("", [maxFrames, dim], { kind: "normal", std: 1 });
    return ({ x }) => {
      const [, , frames, features] = x.shape as [number, number, number, number, number];
      if (frames > maxFrames)
        throw new FlamingoError("SHAPE_MISMATCH", `there are ${frames} frames, but embeddings for ${maxFrames}`, {
          expected: maxFrames,
          actual: frames,
          fix: `set maxFrames to ${frames} or more`,
        });
      const used = reshape(slice(embeddings, [0, 0], [frames, dim]), [frames, 1, dim]);
      return add(x, tile(used, [1, features, 1])); // [F, V, D] onto [B, M, F, V, D]
    };
  },
});
