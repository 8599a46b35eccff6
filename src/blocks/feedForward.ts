import { z } from "zod";
import { count } from "../core/configFields.ts";
import { defineBlock } from "../core/defineBlock.ts";
import { float32 } from "../core/port.ts";
import { slot } from "../core/slot.ts";
import { activationSlot } from "./activations.ts";
import { biasField, Linear } from "./linear.ts";
import { normSlot } from "./norm.ts";

/** The configuration of any feed-forward. */
export const feedForwardFields = {
  dim: count("Width", "Channels in and out.", "channels"),
  mult: count("Expansion", "How many times wider the inner layer is.").default(4),
  inner: count(
    "Inner width",
    "Channels of the inner layer, where they are no multiple of the width.",
    "channels",
  ).optional(),
  norm: normSlot,
  bias: biasField,
};

export const feedForwardInputs = { x: float32("...lead dim", "vectors, one a position") };
export const feedForwardOutputs = { y: float32("...lead dim", "the update for each position") };

/**
 * Feed-forward (MLP): normalisation, a wider linear layer, an activation, and a linear layer back, on each position alone.
 *
 * y = W₂ · activation(W₁ · norm(x)), with biases if asked. Shapes: `x` and `y` [..., dim]; the inner layer has `inner` or mult·dim channels. The
 * residual connection is the caller's. Weights are named by index (`0`, `1`, `3`), as in OpenFlamingo.
 *
 * @see Alayrac et al. 2022, Flamingo, Figure 4 (FFW), arXiv:2204.14198
 */
export const FeedForward = defineBlock({
  name: "FeedForward",
  title: "Feed-forward",
  category: "Fusion",
  summary:
    "Feed-forward (MLP): normalisation, a wider linear layer, an activation, and a linear layer back, on each position alone.",
  paper: "Figure 4",
  config: z.strictObject({ ...feedForwardFields, activation: activationSlot }),
  example: { dim: 8, mult: 2 },
  exampleSizes: { lead: 3 },
  inputs: feedForwardInputs,
  outputs: feedForwardOutputs,
  build({ dim, mult, inner = mult * dim, norm, activation, bias }, { child }) {
    const normalise = child("0", norm, { dim });
    const widen = child("1", Linear, { inDim: dim, outDim: inner, bias });
    const activate = child("2", activation, {});
    const narrow = child("3", Linear, { inDim: inner, outDim: dim, bias });
    return ({ x }) => narrow(activate(widen(normalise(x))));
  },
});

/** A slot for a feed-forward. */
export const feedForwardSlot = slot({
  title: "Feed-forward",
  description: "What works on each position alone, with the normalisation before it.",
  inputs: feedForwardInputs,
  outputs: feedForwardOutputs,
  given: ["dim"],
  default: FeedForward,
});
