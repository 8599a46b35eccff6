import { z } from "zod";
import { count } from "../core/block.ts";
import { float32 } from "../core/port.ts";
import { splitInHalf } from "../engine/ops/layout.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";

/**
 * Cuts each vector into its first and its second half: keys and values of one projection.
 *
 * Shapes: `x` [..., 2·dim], `first` and `second` [..., dim].
 */
export const Halve = definePrimitive({
  name: "Halve",
  title: "Halve",
  category: "Tensor",
  summary: "Cuts each vector into its first and its second half: keys and values of one projection.",
  config: z.strictObject({ dim: count("Width", "Channels of each half.", "channels") }),
  example: { dim: 4 },
  exampleSizes: { lead: 3 },
  inputs: { x: float32("...lead 2*dim", "vectors") },
  outputs: { first: float32("...lead dim", "the first half"), second: float32("...lead dim", "the second half") },
  pieces: { along: "lead" },
  build:
    () =>
    ({ x }) => {
      const [first, second] = splitInHalf(x);
      return { first, second };
    },
});
