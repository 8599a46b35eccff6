import { z } from "zod";
import { float32 } from "../core/port.ts";
import { add } from "../engine/ops/elementwise.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";

/**
 * Adds an update to a residual stream without a gate.
 *
 * y = x + update. A new layer changes the language model's output from the first step on. Shapes: `x`, `update` and `y` [...].
 *
 * @see Alayrac et al. 2022, Flamingo, section 3.3 and Table 3 (iii: no tanh gating), arXiv:2204.14198
 */
export const Ungated = definePrimitive({
  name: "Ungated",
  title: "No gate",
  category: "Fusion",
  summary: "Adds an update to a residual stream without a gate.",
  paper: "3.3, Table 3",
  config: z.strictObject({}),
  example: {},
  inputs: { x: float32("...shape", "the residual stream"), update: float32("...shape", "the update of a layer") },
  outputs: { y: float32("...shape", "the residual stream with the update") },
  chunks: { along: "shape" },
  build:
    () =>
    ({ x, update }) =>
      add(x, update),
});
