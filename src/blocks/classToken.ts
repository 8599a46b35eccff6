import { z } from "zod";
import { count } from "../core/configFields.ts";
import { float32 } from "../core/port.ts";
import { add } from "../engine/ops/elementwise.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { concat, reshape, zeros } from "../engine/tensor.ts";

/**
 * Class token: puts a learnt vector before a sequence of patches, which the layers fill with what the whole image shows.
 *
 * Shapes: `x` [..., length, dim], `y` [..., length + 1, dim] with the token first. The weight [dim] has the block's own name.
 *
 * @see Dosovitskiy et al. 2020, ViT, section 3.1, arXiv:2010.11929
 */
export const ClassToken = definePrimitive({
  name: "ClassToken",
  title: "Class token",
  category: "Vision",
  summary:
    "Class token: puts a learnt vector before a sequence of patches, which the layers fill with what the whole image shows.",
  paper: "arXiv:2010.11929, 3.1",
  config: z.strictObject({ dim: count("Width", "Channels of each vector.", "channels") }),
  example: { dim: 6 },
  exampleSizes: { lead: 2, length: 4 },
  inputs: { x: float32("...lead length dim", "vectors, one a patch") },
  outputs: { y: float32("...lead length+1 dim", "the class token, then the vectors") },
  build({ dim }, { weight }) {
    const token = weight("", [dim], { kind: "normal", std: 0.02 });
    return ({ x }) => {
      const [length] = x.shape.slice(-2) as [number, number];
      const sequences = reshape(x, [-1, length, dim]);
      const tokens = add(zeros([sequences.shape[0]!, 1, dim]), token);
      return reshape(concat([tokens, sequences], 1), [...x.shape.slice(0, -2), length + 1, dim]);
    };
  },
});
