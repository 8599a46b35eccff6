import { z } from "zod";
import { count, defineBlock } from "../core/block.ts";
import { float32 } from "../core/port.ts";
import { Activation, activationField } from "./activation.ts";
import { LayerNorm } from "./layerNorm.ts";
import { Linear } from "./linear.ts";

/**
 * Works on each position alone: LayerNorm, a wider layer, an activation, and back.
 *
 * y = W₂ · activation(W₁ · LayerNorm(x)), no biases. Shapes: `x` and `y` [..., dim]. The residual connection is the
 * caller's. Weights are named by position (`0`, `1`, `3`), as in OpenFlamingo.
 *
 * @see Alayrac et al. 2022, Flamingo, Figure 4 (FFW), arXiv:2204.14198
 */
export const FeedForward = defineBlock({
  name: "FeedForward",
  title: "Feed-forward",
  category: "Fusion",
  summary: "Works on each position alone: LayerNorm, a wider layer, an activation, and back.",
  paper: "Figure 4",
  config: z.strictObject({
    dim: count("Width", "Channels in and out.", "channels"),
    ffMult: count("Expansion", "How many times wider the inner layer is.").default(4),
    activation: activationField,
  }),
  example: { dim: 8, ffMult: 2 },
  exampleSizes: { lead: 3 },
  inputs: { x: float32("...lead dim", "vectors, one a position") },
  outputs: { y: float32("...lead dim", "the update for each position") },
  build({ dim, ffMult, activation }, { child }) {
    const norm = child("0", LayerNorm, { dim });
    const widen = child("1", Linear, { inDim: dim, outDim: dim * ffMult });
    const bend = child("2", Activation, { kind: activation });
    const narrow = child("3", Linear, { inDim: dim * ffMult, outDim: dim });
    return ({ x }) => narrow({ x: bend({ x: widen({ x: norm({ x }) }) }) });
  },
});
