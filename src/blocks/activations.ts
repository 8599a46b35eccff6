import { z } from "zod";
import { functional } from "../core/functional.ts";
import { float32 } from "../core/port.ts";
import { slot } from "../core/slot.ts";
import { gelu, geluTanh, quickGelu, relu, silu, squaredRelu, tanh } from "../engine/ops/activations.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import type { Tensor } from "../engine/tensor.ts";

/** The input port of an activation. */
export const activationInputs = { x: float32("...shape", "numbers") };
/** The output port of an activation. */
export const activationOutputs = { y: float32("...shape", "f(x), number by number") };

function defineActivation(
  name: string,
  title: string,
  summary: string,
  paper: string | undefined,
  f: (x: Tensor) => Tensor,
) {
  return definePrimitive({
    name,
    title,
    category: "Tensor",
    summary,
    ...(paper ? { paper } : {}),
    config: z.strictObject({}),
    example: {},
    inputs: activationInputs,
    outputs: activationOutputs,
    chunks: { along: "shape" },
    build:
      () =>
      ({ x }) =>
        f(x),
  });
}

/**
 * GELU: x·Φ(x), with the exact normal distribution function (erf).
 *
 * Shapes: `x` and `y` [...].
 * @see Hendrycks and Gimpel 2016, arXiv:1606.08415
 */
export const Gelu = defineActivation(
  "Gelu",
  "GELU",
  "GELU: x·Φ(x), with the exact normal distribution function (erf).",
  "arXiv:1606.08415",
  gelu,
);

/** GELU of each number. */
export const geluOf = functional(Gelu);

/**
 * Squared ReLU: max(x, 0)², the activation of Flamingo's own layers.
 *
 * Shapes: `x` and `y` [...].
 * @see So et al. 2021, Primer, arXiv:2109.08668; Alayrac et al. 2022, Flamingo, appendix A.1.2
 */
export const SquaredRelu = defineActivation(
  "SquaredRelu",
  "Squared ReLU",
  "Squared ReLU: max(x, 0)², the activation of Flamingo's own layers.",
  "A.1.2; arXiv:2109.08668",
  squaredRelu,
);

/**
 * SiLU: x·sigmoid(x).
 *
 * Shapes: `x` and `y` [...].
 * @see Elfwing et al. 2017, arXiv:1702.03118
 */
export const Silu = defineActivation("Silu", "SiLU", "SiLU: x·sigmoid(x).", "arXiv:1702.03118", silu);

/**
 * Quick GELU: GELU approximated by a sigmoid, the activation of CLIP.
 *
 * y = x·sigmoid(1.702·x). Shapes: `x` and `y` [...].
 * @see Radford et al. 2021, CLIP, arXiv:2103.00020
 */
export const QuickGelu = defineActivation(
  "QuickGelu",
  "Quick GELU",
  "Quick GELU: GELU approximated by a sigmoid, the activation of CLIP.",
  "arXiv:2103.00020",
  quickGelu,
);

/**
 * GELU approximated by tanh, the activation of GPT-2.
 *
 * y = x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2. Shapes: `x` and `y` [...].
 * @see Hendrycks and Gimpel 2016, arXiv:1606.08415
 */
export const GeluTanh = defineActivation(
  "GeluTanh",
  "GELU by tanh",
  "GELU approximated by tanh, the activation of GPT-2.",
  "arXiv:1606.08415",
  geluTanh,
);

/**
 * ReLU: max(x, 0).
 *
 * Shapes: `x` and `y` [...].
 * @see Nair and Hinton 2010, Rectified Linear Units Improve Restricted Boltzmann Machines
 */
export const Relu = defineActivation("Relu", "ReLU", "ReLU: max(x, 0).", "Nair and Hinton 2010", relu);

/**
 * Tanh: the hyperbolic tangent of each number.
 *
 * Shapes: `x` and `y` [...].
 */
export const Tanh = defineActivation("Tanh", "Tanh", "Tanh: the hyperbolic tangent of each number.", undefined, tanh);

/** A slot for an activation: a function of each number. */
export const activationSlot = slot({
  title: "Activation",
  description: "Between the two linear maps.",
  inputs: activationInputs,
  outputs: activationOutputs,
  default: Gelu,
});
