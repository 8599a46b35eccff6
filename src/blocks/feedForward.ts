import { z } from "zod";
import { count, defineBlock } from "../core/block.ts";
import { float32 } from "../core/port.ts";
import { Activation } from "./activation.ts";
import { Linear } from "./linear.ts";
import { normField, norms } from "./norm.ts";
import { SwiGlu } from "./swiglu.ts";

/** The choice of a feed-forward's activation, as a configuration field. */
export const activationField = z.enum(["gelu", "squaredRelu", "silu", "swiglu"]).default("gelu").meta({
  title: "Activation",
  description:
    "GELU as in OpenFlamingo, squared ReLU as in the paper's own layers, SiLU, or SwiGLU as in LLaMA, with a third matrix.",
});

/**
 * Works on each position alone: normalisation, a wider layer, an activation, and back.
 *
 * y = W₂ · activation(W₁ · norm(x)), or W₂ · (silu(W₁ · norm(x)) ∘ W₃ · norm(x)) with SwiGLU; no biases. Shapes: `x` and `y`
 * [..., dim]. The residual connection is the caller's. Weights are named by position (`0`, `1`, `3`), as in OpenFlamingo,
 * and SwiGLU's W₃ `up`.
 *
 * @see Alayrac et al. 2022, Flamingo, Figure 4 (FFW), arXiv:2204.14198; Shazeer 2020 (SwiGLU), arXiv:2002.05202
 */
export const FeedForward = defineBlock({
  name: "FeedForward",
  title: "Feed-forward",
  category: "Fusion",
  summary: "Works on each position alone: normalisation, a wider layer, an activation, and back.",
  paper: "Figure 4",
  config: z.strictObject({
    dim: count("Width", "Channels in and out.", "channels"),
    ffMult: count("Expansion", "How many times wider the inner layer is.").default(4),
    activation: activationField,
    norm: normField,
  }),
  example: { dim: 8, ffMult: 2 },
  exampleSizes: { lead: 3 },
  inputs: { x: float32("...lead dim", "vectors, one a position") },
  outputs: { y: float32("...lead dim", "the update for each position") },
  build({ dim, ffMult, activation, norm }, { child }) {
    const inner = dim * ffMult;
    const normalise = child("0", norms[norm], { dim });
    const widen = child("1", Linear, { inDim: dim, outDim: inner });
    const narrow = child("3", Linear, { inDim: inner, outDim: dim });
    if (activation === "swiglu") {
      const lift = child("up", Linear, { inDim: dim, outDim: inner });
      const pass = child("2", SwiGlu, {});
      return ({ x }) => {
        const y = normalise({ x });
        return narrow({ x: pass({ gate: widen({ x: y }), up: lift({ x: y }) }) });
      };
    }
    const bend = child("2", Activation, { kind: activation });
    return ({ x }) => narrow({ x: bend({ x: widen({ x: normalise({ x }) }) }) });
  },
});
