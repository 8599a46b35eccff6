import { z } from "zod";
import { functional } from "../core/functional.ts";
import { float32 } from "../core/port.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { reshape, slice } from "../engine/tensor.ts";

/**
 * Takes the class token off a sequence.
 *
 * Shapes: `x` [..., length, dim], `token` [..., dim], which is its first position, and `patches` [..., length − 1, dim].
 */
export const SplitClassToken = definePrimitive({
  name: "SplitClassToken",
  title: "Split off the class token",
  category: "Vision",
  summary: "Takes the class token off a sequence.",
  config: z.strictObject({}),
  example: {},
  exampleSizes: { lead: 2, length: 4, dim: 3 },
  inputs: { x: float32("...lead length dim", "the class token, then one vector a patch") },
  outputs: {
    token: float32("...lead dim", "the class token"),
    patches: float32("...lead length-1 dim", "the vectors of the patches"),
  },
  build:
    () =>
    ({ x }) => {
      const [length, dim] = x.shape.slice(-2) as [number, number];
      const lead = x.shape.slice(0, -2);
      const sequences = reshape(x, [-1, length, dim]);
      const token = slice(sequences, [0, 0, 0], [-1, 1, dim]);
      const patches = slice(sequences, [0, 1, 0], [-1, length - 1, dim]);
      return { token: reshape(token, [...lead, dim]), patches: reshape(patches, [...lead, length - 1, dim]) };
    },
});

/** The class token of a sequence, and the sequence without it. */
export const splitClassToken = functional(SplitClassToken);
