import { z } from "zod";
import { count } from "../core/configFields.ts";
import { float32 } from "../core/port.ts";
import { layerNorm } from "../engine/ops/norms.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { reshape } from "../engine/tensor.ts";

/** What keeps the division of a normalisation finite, as a configuration field. */
export const epsilonField = z
  .number()
  .positive()
  .default(1e-5)
  .meta({ title: "Epsilon", description: "Keeps the division finite." });

/**
 * LayerNorm: normalises each vector to mean 0 and variance 1, then scales and shifts its channels.
 *
 * y = (x − mean) / √(variance + epsilon) · weight + bias, over the last axis; weight and bias may be left out. Shapes: `x` and `y`
 * [..., dim].
 *
 * @see Ba et al. 2016, Layer Normalization, arXiv:1607.06450
 */
export const LayerNorm = definePrimitive({
  name: "LayerNorm",
  title: "LayerNorm",
  category: "Tensor",
  summary: "LayerNorm: normalises each vector to mean 0 and variance 1, then scales and shifts its channels.",
  paper: "arXiv:1607.06450",
  config: z.strictObject({
    dim: count("Width", "Channels of each vector.", "channels"),
    epsilon: epsilonField,
    scale: z
      .boolean()
      .default(true)
      .meta({ title: "Scale", description: "Multiplies each channel by a learnt number." }),
    bias: z.boolean().default(true).meta({ title: "Bias", description: "Adds a learnt number to each channel." }),
  }),
  example: { dim: 6 },
  exampleSizes: { lead: 3 },
  inputs: { x: float32("...lead dim", "vectors") },
  outputs: { y: float32("...lead dim", "the normalised vectors") },
  chunks: { along: "lead" },
  build({ dim, epsilon, scale, bias }, { weight }) {
    const gain = scale ? weight("weight", [dim], { kind: "ones" }) : undefined;
    const offset = bias ? weight("bias", [dim], { kind: "zeros" }) : undefined;
    return ({ x }) => {
      // With more axes TensorFlow.js' own WebGPU code, which repeats gain and bias over the others, does not compile.
      if (x.shape.length <= 4) return layerNorm(x, gain, offset, epsilon);
      return reshape(layerNorm(reshape(x, [-1, dim]), gain, offset, epsilon), x.shape);
    };
  },
});
