import { z } from "zod";
import { count } from "../core/configFields.ts";
import { float32 } from "../core/port.ts";
import { rmsNorm } from "../engine/ops/norms.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { epsilonField } from "./layerNorm.ts";

/**
 * Brings each vector to a mean square of 1, then scales its channels.
 *
 * y = x / √(mean(x²) + epsilon) · weight, over the last axis: LayerNorm without mean and bias. Shapes: `x` and `y` [..., dim].
 *
 * @see Zhang and Sennrich 2019, Root Mean Square Layer Normalization, arXiv:1910.07467; Touvron et al. 2023, LLaMA
 */
export const RmsNorm = definePrimitive({
  name: "RmsNorm",
  title: "RMSNorm",
  category: "Tensor",
  summary: "Brings each vector to a mean square of 1, then scales its channels.",
  paper: "arXiv:1910.07467",
  config: z.strictObject({ dim: count("Width", "Channels of each vector.", "channels"), epsilon: epsilonField }),
  example: { dim: 6 },
  exampleSizes: { lead: 3 },
  inputs: { x: float32("...lead dim", "vectors") },
  outputs: { y: float32("...lead dim", "the normalised vectors") },
  chunks: { along: "lead" },
  build({ dim, epsilon }, { weight }) {
    const gain = weight("weight", [dim], { kind: "ones" });
    return ({ x }) => rmsNorm(x, gain, epsilon);
  },
});
