import { z } from "zod";
import { count } from "../core/configFields.ts";
import { functional } from "../core/functional.ts";
import { float32 } from "../core/port.ts";
import { splitInHalf } from "../engine/ops/layout.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";

/**
 * Splits each vector into two chunks of the same width, such as keys and values of one projection.
 *
 * Shapes: `x` [..., 2·dim], `first` and `second` [..., dim].
 */
export const Chunk = definePrimitive({
  name: "Chunk",
  title: "Chunk",
  category: "Tensor",
  summary: "Splits each vector into two chunks of the same width, such as keys and values of one projection.",
  config: z.strictObject({ dim: count("Width", "Channels of each chunk.", "channels") }),
  example: { dim: 4 },
  exampleSizes: { lead: 3 },
  inputs: { x: float32("...lead 2*dim", "vectors") },
  outputs: { first: float32("...lead dim", "the first chunk"), second: float32("...lead dim", "the second chunk") },
  chunks: { along: "lead" },
  build:
    () =>
    ({ x }) => {
      const [first, second] = splitInHalf(x);
      return { first, second };
    },
});

/** `chunk.with({ dim })(x)` gives `first` and `second`. */
export const chunk = functional(Chunk);
