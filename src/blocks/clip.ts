import { z } from "zod";
import { functional } from "../core/functional.ts";
import { float32 } from "../core/port.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { clipByValue } from "../engine/tensor.ts";

/**
 * Clips each number to a range about 0.
 *
 * y = min(max(x, −limit), limit). Shapes: `x` and `y` [...]. A number beyond the limit gets no gradient.
 *
 * @see MosaicML 2023, MPT (`clip_qkv`)
 */
export const Clip = definePrimitive({
  name: "Clip",
  title: "Clip",
  category: "Tensor",
  summary: "Clips each number to a range about 0.",
  paper: "MPT",
  config: z.strictObject({
    limit: z.number().positive().meta({ title: "Limit", description: "The largest magnitude that a number may keep." }),
  }),
  example: { limit: 0.5 },
  inputs: { x: float32("...shape", "numbers") },
  outputs: { y: float32("...shape", "the numbers, clipped") },
  chunks: { along: "shape" },
  build:
    ({ limit }) =>
    ({ x }) =>
      clipByValue(x, -limit, limit),
});

/** `clip.with({ limit })(x)`: min(max(x, −limit), limit). */
export const clip = functional(Clip);
