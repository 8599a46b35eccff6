import { z } from "zod";
import { float32 } from "../core/port.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { concat, mean, reshape } from "../engine/tensor.ts";

/**
 * Adds the mean of a sequence at its end: a picture's summary beside its places.
 *
 * Shapes: `x` [..., length, dim], `y` [..., length + 1, dim].
 */
export const AppendMean = definePrimitive({
  name: "AppendMean",
  title: "Append the mean",
  category: "Vision",
  summary: "Adds the mean of a sequence at its end: a picture's summary beside its places.",
  config: z.strictObject({}),
  example: {},
  exampleSizes: { lead: 2, length: 3, dim: 4 },
  inputs: { x: float32("...lead length dim", "vectors, one a place") },
  outputs: { y: float32("...lead length+1 dim", "the vectors, and their mean after them") },
  build:
    () =>
    ({ x }) => {
      const [length, dim] = x.shape.slice(-2) as [number, number];
      const sequences = reshape(x, [-1, length, dim]); // cutting five axes in the gradient is slow on wasm, three are not
      const longer = concat([sequences, mean(sequences, 1, true)], 1);
      return reshape(longer, [...x.shape.slice(0, -2), length + 1, dim]);
    },
});
