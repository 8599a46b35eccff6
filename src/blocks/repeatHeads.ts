import { z } from "zod";
import { count, headCount } from "../core/configFields.ts";
import { functional } from "../core/functional.ts";
import { float32 } from "../core/port.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { reshape, tile } from "../engine/tensor.ts";

/**
 * Repeats each head of keys or values, so that a group of query heads can share it (grouped-query attention).
 *
 * Head h·times + i of `y` is head h of `x`. Shapes: `x` [..., heads·headDim], `y` [..., heads·times·headDim], heads laid out "(h d)".
 *
 * @see Ainslie et al. 2023, GQA, arXiv:2305.13245
 */
export const RepeatHeads = definePrimitive({
  name: "RepeatHeads",
  title: "Repeat heads",
  category: "Tensor",
  summary:
    "Repeats each head of keys or values, so that a group of query heads can share it (grouped-query attention).",
  paper: "arXiv:2305.13245",
  config: z.strictObject({
    heads: headCount("Heads", "Heads of keys or values."),
    headDim: count("Head width", "Channels of each head.", "channels"),
    times: count("Times", "Query heads that share each of them."),
  }),
  example: { heads: 2, headDim: 3, times: 2 },
  exampleSizes: { lead: 4 },
  inputs: { x: float32("...lead heads*headDim", "keys or values") },
  outputs: { y: float32("...lead heads*times*headDim", "each head as often as it is shared") },
  chunks: { along: "lead" },
  build:
    ({ heads, headDim, times }) =>
    ({ x }) =>
      reshape(tile(reshape(x, [-1, heads, 1, headDim]), [1, 1, times, 1]), [
        ...x.shape.slice(0, -1),
        heads * times * headDim,
      ]),
});

/** `repeatHeads.with({ heads, headDim, times })(x)`: head h·times + i of the result is head h of x. */
export const repeatHeads = functional(RepeatHeads);
