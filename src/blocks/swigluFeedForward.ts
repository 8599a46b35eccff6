import { z } from "zod";
import { defineBlock } from "../core/block.ts";
import { feedForwardFields, feedForwardInputs, feedForwardOutputs } from "./feedForward.ts";
import { Linear } from "./linear.ts";
import { swiglu } from "./swiglu.ts";

/**
 * Feed-forward with SwiGLU: one linear layer gates another, on each position alone.
 *
 * y = W₂ · (silu(W₁ · norm(x)) ∘ W₃ · norm(x)); no biases. Shapes: `x` and `y` [..., dim]; the inner layer has `inner` or
 * mult·dim channels. The residual connection is the caller's. Weights are named as in `FeedForward`, and W₃ is `up`.
 *
 * @see Shazeer 2020, GLU Variants Improve Transformer, arXiv:2002.05202; Touvron et al. 2023, LLaMA, arXiv:2302.13971
 */
export const SwiGluFeedForward = defineBlock({
  name: "SwiGluFeedForward",
  title: "Feed-forward with SwiGLU",
  category: "Language",
  summary: "Feed-forward with SwiGLU: one linear layer gates another, on each position alone.",
  paper: "arXiv:2002.05202",
  config: z.strictObject(feedForwardFields),
  example: { dim: 8, mult: 2 },
  exampleSizes: { lead: 3 },
  inputs: feedForwardInputs,
  outputs: feedForwardOutputs,
  build({ dim, mult, inner = mult * dim, norm }, { child }) {
    const normalise = child("0", norm, { dim });
    const toGate = child("1", Linear, { inDim: dim, outDim: inner });
    const narrow = child("3", Linear, { inDim: inner, outDim: dim });
    const toUp = child("up", Linear, { inDim: dim, outDim: inner });
    return ({ x }) => {
      const y = normalise(x);
      return narrow(swiglu(toGate(y), toUp(y)));
    };
  },
});
