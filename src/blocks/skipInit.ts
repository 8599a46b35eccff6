import { z } from "zod";
import { float32 } from "../core/port.ts";
import { multiply } from "../engine/ops/elementwise.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { reshape } from "../engine/tensor.ts";

/**
 * SkipInit: multiplies a residual branch by a learnt number that starts at 0, so that a deep network begins as the identity.
 *
 * y = gain · x. Shapes: `x` and `y` [...]; the weight is a scalar with the block's own name.
 *
 * @see De and Smith 2020, Batch Normalization Biases Residual Blocks Towards the Identity Function, arXiv:2002.10444
 */
export const SkipInit = definePrimitive({
  name: "SkipInit",
  title: "SkipInit",
  category: "Vision",
  summary:
    "SkipInit: multiplies a residual branch by a learnt number that starts at 0, so that a deep network begins as the identity.",
  paper: "arXiv:2002.10444",
  config: z.strictObject({}),
  example: {},
  inputs: { x: float32("...shape", "the update of a residual branch") },
  outputs: { y: float32("...shape", "the update times the gain") },
  build(_config, { weight }) {
    const gain = weight("", [], { kind: "zeros" });
    return ({ x }) => multiply(x, reshape(gain, []));
  },
});
