import { z } from "zod";
import { float32 } from "../core/port.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { clone } from "../engine/tensor.ts";

/**
 * Passes numbers on as they are: what fills a slot that should do nothing, such as a normalisation that is left out.
 *
 * y = x. Shapes: `x` and `y` [...].
 */
export const Identity = definePrimitive({
  name: "Identity",
  title: "Identity",
  category: "Tensor",
  summary:
    "Passes numbers on as they are: what fills a slot that should do nothing, such as a normalisation that is left out.",
  config: z.strictObject({}),
  example: {},
  inputs: { x: float32("...shape", "numbers") },
  outputs: { y: float32("...shape", "the same numbers") },
  chunks: { along: "shape" },
  build:
    () =>
    ({ x }) =>
      clone(x),
});
