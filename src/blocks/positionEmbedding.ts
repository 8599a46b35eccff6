import { z } from "zod";
import { count } from "../core/block.ts";
import { float32 } from "../core/port.ts";
import { add } from "../engine/ops/elementwise.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";

/**
 * Tells the places of a sequence apart by adding a learnt vector to each.
 *
 * y[.., t] = x[.., t] + weight[t]. Shapes: `x` and `y` [..., length, dim]; the weight [length, dim] has the block's own
 * name.
 *
 * @see Dosovitskiy et al. 2020, ViT, arXiv:2010.11929
 */
export const PositionEmbedding = definePrimitive({
  name: "PositionEmbedding",
  title: "Position embedding",
  category: "Vision",
  summary: "Tells the places of a sequence apart by adding a learnt vector to each.",
  paper: "arXiv:2010.11929",
  config: z.strictObject({
    length: count("Places", "Length of the sequence.", "places"),
    dim: count("Width", "Channels of each vector.", "channels"),
  }),
  example: { length: 4, dim: 6 },
  exampleSizes: { lead: 2 },
  inputs: { x: float32("...lead length dim", "vectors, one a place") },
  outputs: { y: float32("...lead length dim", "vectors that know their place") },
  build({ length, dim }, { weight }) {
    const embeddings = weight("", [length, dim], { kind: "normal", std: 0.02 });
    return ({ x }) => add(x, embeddings);
  },
});
