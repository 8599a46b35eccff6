import { z } from "zod";
import { defineBlock } from "../core/defineBlock.ts";
import { optionalSlot } from "../core/slot.ts";
import { activationInputs, activationOutputs } from "./activations.ts";
import { feedForwardFields, feedForwardInputs, feedForwardOutputs } from "./feedForward.ts";
import { Linear } from "./linear.ts";
import { multiply } from "./multiply.ts";
import { swiglu } from "./swiglu.ts";

/**
 * Feed-forward with SwiGLU: one linear layer gates another, on each position alone.
 *
 * y = W₂ · (silu(W₁ · norm(x)) ∘ W₃ · norm(x)), with biases if asked; another activation may stand in place of silu. Shapes: `x` and `y` [..., dim]; the inner layer has `inner` or
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
  config: z.strictObject({
    ...feedForwardFields,
    activation: optionalSlot({
      title: "Activation of the gate",
      description: "In place of SiLU.",
      inputs: activationInputs,
      outputs: activationOutputs,
    }),
  }),
  example: { dim: 8, mult: 2 },
  exampleSizes: { lead: 3 },
  inputs: feedForwardInputs,
  outputs: feedForwardOutputs,
  build({ dim, mult, inner = mult * dim, norm, activation, bias }, { child }) {
    const normalise = child("0", norm, { dim });
    const toGate = child("1", Linear, { inDim: dim, outDim: inner, bias });
    const narrow = child("3", Linear, { inDim: inner, outDim: dim, bias });
    const toUp = child("up", Linear, { inDim: dim, outDim: inner, bias });
    const activate = activation && child("2", activation, {});
    return ({ x }) => {
      const y = normalise(x);
      const [gate, up] = [toGate(y), toUp(y)];
      return narrow(activate ? multiply(activate(gate), up) : swiglu(gate, up));
    };
  },
});
