import { z } from "zod";
import { functional } from "../core/functional.ts";
import { float32 } from "../core/port.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { reshape } from "../engine/tensor.ts";

/**
 * Flattens the frames of a video: the features of all frames as one sequence.
 *
 * Shapes: `x` [batch, media, frames, features, dim], `y` [batch, media, frames·features, dim].
 *
 * @see Alayrac et al. 2022, Flamingo, section 2.1 and Figure 5, arXiv:2204.14198
 */
export const FlattenFrames = definePrimitive({
  name: "FlattenFrames",
  title: "Flatten frames",
  category: "Vision",
  summary: "Flattens the frames of a video: the features of all frames as one sequence.",
  paper: "2.1, Figure 5",
  config: z.strictObject({}),
  example: {},
  exampleSizes: { batch: 1, media: 2, frames: 3, features: 4, dim: 5 },
  inputs: { x: float32("batch media frames features dim", "features of each frame") },
  outputs: { y: float32("batch media frames*features dim", "all frames' features, one after the other") },
  build:
    () =>
    ({ x }) => {
      const [batch, media, frames, features, dim] = x.shape as [number, number, number, number, number];
      return reshape(x, [batch, media, frames * features, dim]);
    },
});

/** All frames of each video as one sequence of features. */
export const flattenFrames = functional(FlattenFrames);
