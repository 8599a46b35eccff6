import { z } from "zod";
import { functional } from "../core/functional.ts";
import { float32 } from "../core/port.ts";
import { scale as scaled } from "../engine/ops/elementwise.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";

/**
 * Multiplies every number by the same factor.
 *
 * y = factor · x. Shapes: `x` and `y` [...].
 */
export const Scale = definePrimitive({
  name: "Scale",
  title: "Scale",
  category: "Tensor",
  summary: "Multiplies every number by the same factor.",
  config: z.strictObject({
    factor: z.number().meta({ title: "Factor", description: "What every number is multiplied by." }),
  }),
  example: { factor: 0.5 },
  inputs: { x: float32("...shape", "numbers") },
  outputs: { y: float32("...shape", "the numbers times the factor") },
  chunks: { along: "shape" },
  build:
    ({ factor }) =>
    ({ x }) =>
      scaled(x, factor),
});

/** `scale.with({ factor })(x)`. */
export const scale = functional(Scale);
