import { z } from "zod";
import { float32 } from "../core/port.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { clone, mul, reshape, type Tensor, tensor } from "../engine/tensor.ts";
import { trainingNoise } from "../engine/trainingNoise.ts";

/** The share of images for which a residual branch is left out in training. */
export const dropField = z.number().min(0).lt(1).default(0).meta({
  title: "Stochastic depth",
  description: "Share of images for which a residual branch is left out in training; 0 leaves none out.",
});

/**
 * Stochastic depth: in training, leaves a residual branch out for some of the images, and scales it up for the others.
 *
 * y[n] = x[n] / (1 − rate) with probability 1 − rate, else 0, for each image n; y = x in evaluation and where the network is frozen.
 * Which images are left out depends on the run's seed, the batch and the block's path alone. Shapes: `x` and `y` [..., height, width,
 * channels].
 *
 * @see Huang et al. 2016, Deep Networks with Stochastic Depth, arXiv:1603.09382
 */
export const StochasticDepth = definePrimitive({
  name: "StochasticDepth",
  title: "Stochastic depth",
  category: "Vision",
  summary:
    "Stochastic depth: in training, leaves a residual branch out for some of the images, and scales it up for the others.",
  paper: "arXiv:1603.09382",
  config: z.strictObject({ rate: dropField }),
  example: { rate: 0.5 },
  exampleSizes: { lead: 2, height: 3, width: 2, channels: 4 },
  inputs: { x: float32("...lead height width channels", "the update of a residual branch") },
  outputs: { y: float32("...lead height width channels", "the update, or zeros") },
  build({ rate }, { path, frozen }) {
    return ({ x }) => {
      const noise = frozen || rate === 0 ? undefined : trainingNoise(path);
      if (!noise) return clone(x);
      const [height, width, channels] = x.shape.slice(-3) as [number, number, number];
      const images = x.size / (height * width * channels);
      const kept = noise.uniforms(images).map((number) => (number < rate ? 0 : 1 / (1 - rate)));
      const branches: Tensor = reshape(x, [images, height * width * channels]);
      return reshape(mul(branches, tensor(kept, [images, 1])), x.shape);
    };
  },
});
