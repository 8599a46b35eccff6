import { z } from "zod";
import { float32 } from "../core/port.ts";
import { gelu, silu, squaredRelu } from "../engine/ops/activations.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import type { Tensor } from "../engine/tensor.ts";

const functions: Record<"gelu" | "squaredRelu" | "silu", (x: Tensor) => Tensor> = { gelu, squaredRelu, silu };

/**
 * Bends each number by GELU, squared ReLU or SiLU.
 *
 * GELU: x·Φ(x), exact (erf); squared ReLU: max(x, 0)²; SiLU: x·sigmoid(x). Shapes: `x` and `y` [...].
 *
 * @see Hendrycks and Gimpel 2016, arXiv:1606.08415; So et al. 2021 (squared ReLU), arXiv:2109.08668
 */
export const Activation = definePrimitive({
  name: "Activation",
  title: "Activation",
  category: "Tensor",
  summary: "Bends each number by GELU, squared ReLU or SiLU.",
  paper: "arXiv:1606.08415",
  config: z.strictObject({
    kind: z.enum(["gelu", "squaredRelu", "silu"]).default("gelu").meta({
      title: "Activation",
      description: "GELU as in OpenFlamingo, squared ReLU as in the paper's own layers, or SiLU.",
    }),
  }),
  example: { kind: "gelu" },
  inputs: { x: float32("...shape", "numbers") },
  outputs: { y: float32("...shape", "the bent numbers") },
  pieces: { along: "shape" },
  build:
    ({ kind }) =>
    ({ x }) =>
      functions[kind](x),
});
