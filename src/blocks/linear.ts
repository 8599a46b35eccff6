import { z } from "zod";
import { count } from "../core/configFields.ts";
import { float32 } from "../core/port.ts";
import { linear } from "../engine/ops/matMul.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";

/** A configuration field for learnt vectors that linear maps add. */
export const biasField = z
  .boolean()
  .default(false)
  .meta({ title: "Bias", description: "Adds a learnt vector after each matrix." });

/**
 * Maps each vector to another by a matrix and, if asked, a bias.
 *
 * y = x Wᵀ + b, with `weight` [outDim, inDim] and `bias` [outDim] as in PyTorch. Shapes: `x` [..., inDim], `y`
 * [..., outDim]. Weights start evenly over ±1/√inDim (PyTorch's default), the bias too.
 */
export const Linear = definePrimitive({
  name: "Linear",
  title: "Linear",
  category: "Tensor",
  summary: "Maps each vector to another by a matrix and, if asked, a bias.",
  config: z.strictObject({
    inDim: count("Width in", "Channels of the input.", "channels"),
    outDim: count("Width out", "Channels of the output.", "channels"),
    bias: biasField,
  }),
  example: { inDim: 6, outDim: 4, bias: true },
  exampleSizes: { lead: 3 },
  inputs: { x: float32("...lead inDim", "vectors") },
  outputs: { y: float32("...lead outDim", "the mapped vectors") },
  chunks: { along: "lead" },
  build({ inDim, outDim, bias }, { weight, matrix }) {
    const bound = 1 / Math.sqrt(inDim);
    const map = matrix("weight", [outDim, inDim], { kind: "uniform", bound });
    const offset = bias ? weight("bias", [outDim], { kind: "uniform", bound }) : undefined;
    return ({ x }) => linear(x, map, offset);
  },
});
