import { z } from "zod";
import { count } from "../core/configFields.ts";
import { functional } from "../core/functional.ts";
import { float32 } from "../core/port.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { reshape, slice } from "../engine/tensor.ts";

/**
 * Takes the first positions of a sequence.
 *
 * y = x[..., 0..count, :]. Shapes: `x` [..., length, dim], `y` [..., count, dim].
 */
export const FirstPositions = definePrimitive({
  name: "FirstPositions",
  title: "First positions",
  category: "Tensor",
  summary: "Takes the first positions of a sequence.",
  config: z.strictObject({ count: count("Count", "Positions to take.", "positions") }),
  example: { count: 2 },
  exampleSizes: { lead: 2, length: 4, dim: 3 },
  inputs: { x: float32("...lead length dim", "a sequence") },
  outputs: { y: float32("...lead count dim", "its first positions") },
  build:
    ({ count: positions }) =>
    ({ x }) => {
      const [length, dim] = x.shape.slice(-2) as [number, number];
      const sequences = reshape(x, [-1, length, dim]);
      const first = slice(sequences, [0, 0, 0], [sequences.shape[0]!, positions, dim]);
      return reshape(first, [...x.shape.slice(0, -2), positions, dim]);
    },
});

/** `firstPositions.with({ count })(x)`. */
export const firstPositions = functional(FirstPositions);
