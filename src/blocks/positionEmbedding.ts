import { z } from "zod";
import { count } from "../core/configFields.ts";
import { float32 } from "../core/port.ts";
import { add } from "../engine/ops/elementwise.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";

/**
 * Learnt position embeddings of a sequence of fixed length: adds a learnt vector to each position.
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
  summary: "Learnt position embeddings of a sequence of fixed length: adds a learnt vector to each position.",
  paper: "arXiv:2010.11929",
  config: z.strictObject({
    length: count("Length", "Positions of the sequence.", "positions"),
    dim: count("Width", "Channels of each vector.", "channels"),
  }),
  example: { length: 4, dim: 6 },
  exampleSizes: { lead: 2 },
  inputs: { x: float32("...lead length dim", "vectors, one a position") },
  outputs: { y: float32("...lead length dim", "vectors with their position") },
  build({ length, dim }, { weight }) {
    const embeddings = weight("", [length, dim], { kind: "normal", std: 0.02 });
    return ({ x }) => add(x, embeddings);
  },
});
