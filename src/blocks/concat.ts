import { z } from "zod";
import { functional } from "../core/functional.ts";
import { float32 } from "../core/port.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { concat as concatTensors } from "../engine/tensor.ts";

/**
 * Joins two sequences, the first one first.
 *
 * Shapes: `first` [..., a, dim], `second` [..., b, dim], `joined` [..., a + b, dim].
 */
export const Concat = definePrimitive({
  name: "Concat",
  title: "Concatenate",
  category: "Tensor",
  summary: "Joins two sequences, the first one first.",
  config: z.strictObject({}),
  example: {},
  exampleSizes: { lead: 2, a: 3, b: 2, dim: 4 },
  inputs: {
    first: float32("...lead a dim", "the sequence that comes first"),
    second: float32("...lead b dim", "the one after it"),
  },
  outputs: { joined: float32("...lead a+b dim", "both") },
  build:
    () =>
    ({ first, second }) =>
      concatTensors([first, second], first.shape.length - 2),
});

/** Joins two sequences, the first one first. */
export const concat = functional(Concat);
