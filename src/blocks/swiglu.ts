import { z } from "zod";
import { functional } from "../core/functional.ts";
import { float32 } from "../core/port.ts";
import { swiglu as swigluOf } from "../engine/ops/activations.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";

/**
 * SwiGLU: multiplies numbers by the SiLU of a gate.
 *
 * y = silu(gate) · up, with silu(x) = x·sigmoid(x). Shapes: `gate`, `up` and `y` [...].
 *
 * @see Shazeer 2020, GLU Variants Improve Transformer, arXiv:2002.05202; Touvron et al. 2023, LLaMA, arXiv:2302.13971
 */
export const SwiGlu = definePrimitive({
  name: "SwiGlu",
  title: "SwiGLU",
  category: "Tensor",
  summary: "SwiGLU: multiplies numbers by the SiLU of a gate.",
  paper: "arXiv:2002.05202",
  config: z.strictObject({}),
  example: {},
  inputs: {
    gate: float32("...shape", "the gate, before SiLU"),
    up: float32("...shape", "the numbers that are gated"),
  },
  outputs: { y: float32("...shape", "the gated numbers") },
  chunks: { along: "shape" },
  build:
    () =>
    ({ gate, up }) =>
      swigluOf(gate, up),
});

/** silu(gate) · up. */
export const swiglu = functional(SwiGlu);
