import { z } from "zod";
import { functional } from "../core/functional.ts";
import { float32 } from "../core/port.ts";
import { multiply as multiplyOf } from "../engine/ops/elementwise.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";

/**
 * Multiplies two tensors number by number.
 *
 * product = a · b. Shapes: `a`, `b` and `product` [...], all alike.
 */
export const Multiply = definePrimitive({
  name: "Multiply",
  title: "Multiply",
  category: "Tensor",
  summary: "Multiplies two tensors number by number.",
  config: z.strictObject({}),
  example: {},
  exampleSizes: {},
  inputs: { a: float32("...shape", "numbers"), b: float32("...shape", "numbers to multiply them by") },
  outputs: { product: float32("...shape", "the products") },
  chunks: { along: "shape" },
  build:
    () =>
    ({ a, b }) =>
      multiplyOf(a, b),
});

/** a · b, number by number. */
export const multiply = functional(Multiply);
