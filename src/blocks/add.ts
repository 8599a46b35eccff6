import { z } from "zod";
import { functional } from "../core/functional.ts";
import { float32 } from "../core/port.ts";
import { add as addTensors } from "../engine/ops/elementwise.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";

/**
 * Adds two tensors of the same shape: a residual connection.
 *
 * sum = a + b. Shapes: `a`, `b` [...] and `sum` [...].
 */
export const Add = definePrimitive({
  name: "Add",
  title: "Add",
  category: "Tensor",
  summary: "Adds two tensors of the same shape: a residual connection.",
  config: z.strictObject({}),
  example: {},
  inputs: { a: float32("...shape", "the first summand"), b: float32("...shape", "the second summand") },
  outputs: { sum: float32("...shape", "a + b") },
  chunks: { along: "shape" },
  build: () => (inputs) => addTensors(inputs.a, inputs.b),
});

/** a + b. */
export const add = functional(Add);
