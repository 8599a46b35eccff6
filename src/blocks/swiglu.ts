import { z } from "zod";
import { float32 } from "../core/port.ts";
import { swiglu } from "../engine/ops/activations.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";

/**
 * Lets each number through as far as another one says: a feed-forward's gate.
 *
 * y = silu(gate) · up, with silu(x) = x·sigmoid(x). Shapes: `gate`, `up` and `y` [...].
 *
 * @see Shazeer 2020, GLU Variants Improve Transformer, arXiv:2002.05202; Touvron et al. 2023, LLaMA, arXiv:2302.13971
 */
export const SwiGlu = definePrimitive({
  name: "SwiGlu",
  title: "SwiGLU",
  category: "Tensor",
  summary: "Lets each number through as far as another one says: a feed-forward's gate.",
  paper: "arXiv:2002.05202",
  config: z.strictObject({}),
  example: {},
  inputs: {
    gate: float32("...shape", "how far each number may pass, before SiLU"),
    up: float32("...shape", "the numbers that pass"),
  },
  outputs: { y: float32("...shape", "what came through") },
  pieces: { along: "shape" },
  build:
    () =>
    ({ gate, up }) =>
      swiglu(gate, up),
});
