import { z } from "zod";
import { functional } from "../core/functional.ts";
import { float32 } from "../core/port.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { concat, mean, reshape } from "../engine/tensor.ts";

/**
 * Appends the mean of a sequence to it.
 *
 * Shapes: `x` [..., length, dim], `y` [..., length + 1, dim].
 */
export const AppendMean = definePrimitive({
  name: "AppendMean",
  title: "Append the mean",
  category: "Vision",
  summary: "Appends the mean of a sequence to it.",
  config: z.strictObject({}),
  example: {},
  exampleSizes: { lead: 2, length: 3, dim: 4 },
  inputs: { x: float32("...lead length dim", "vectors, one a position") },
  outputs: { y: float32("...lead length+1 dim", "the vectors, then their mean") },
  build:
    () =>
    ({ x }) => {
      const [length, dim] = x.shape.slice(-2) as [number, number];
      const sequences = reshape(x, [-1, length, dim]); // cutting five axes in the gradient is slow on wasm, three are not
      const longer = concat([sequences, mean(sequences, 1, true)], 1);
      return reshape(longer, [...x.shape.slice(0, -2), length + 1, dim]);
    },
});

/** A sequence with its mean after it. */
export const appendMean = functional(AppendMean);
