import * as tf from "@tensorflow/tfjs";
import type { Tensor } from "../tensor.ts";
import { defineOperation } from "./operation.ts";

const swish = (x: Tensor, factor: number) => tf.mul(x, tf.sigmoid(factor === 1 ? x : tf.mul(x, factor)));

/** 1 + 0.044715·x², of GELU's approximation by tanh. */
const geluSteepness = (x: Tensor) => tf.add(tf.mul(tf.square(x), 0.044715), 1);

/** Formulas of the activations, which share one operation. */
const formulas = {
  gelu: (x: Tensor): Tensor => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  quickGelu: (x: Tensor): Tensor => swish(x, 1.702),
  geluTanh: (x: Tensor): Tensor =>
    tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(tf.mul(tf.mul(x, Math.sqrt(2 / Math.PI)), geluSteepness(x))), 1)),
  relu: (x: Tensor): Tensor => tf.relu(x),
  squaredRelu: (x: Tensor): Tensor => tf.square(tf.relu(x)),
  silu: (x: Tensor): Tensor => swish(x, 1),
  tanh: (x: Tensor): Tensor => tf.tanh(x),
};

export type Activation = keyof typeof formulas;

export const activationOp = defineOperation<{ x: Tensor }, { activation: Activation }>({
  name: "Activation",
  shape: ({ x }) => x.shape,
  formula: ({ x }, { activation }) => formulas[activation](x),
});

const apply = (activation: Activation) => (x: Tensor) => activationOp.run({ x }, { activation });

/** Gaussian error linear unit, exact: x·Φ(x) = x·(1 + erf(x/√2))/2. Source: Hendrycks and Gimpel 2016, arXiv:1606.08415. */
export const gelu = apply("gelu");

/** CLIP's approximation of GELU: x·sigmoid(1.702·x). */
export const quickGelu = apply("quickGelu");

/**
 * Approximation of GELU by tanh: x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2, the activation of GPT-2. Source: Hendrycks and Gimpel 2016,
 * arXiv:1606.08415.
 */
export const geluTanh = apply("geluTanh");

/** Rectified linear unit: max(x, 0). */
export const relu = apply("relu");

/** max(x, 0)², the activation of the Flamingo paper's feed-forward layers. Source: So et al. 2021, arXiv:2109.08668. */
export const squaredRelu = apply("squaredRelu");

/** Sigmoid linear unit: x·sigmoid(x). Source: Elfwing et al. 2017, arXiv:1702.03118. */
export const silu = apply("silu");

/** Hyperbolic tangent, element by element. */
export const tanh = apply("tanh");

export const swigluOp = defineOperation<{ gate: Tensor; up: Tensor }>({
  name: "Swiglu",
  shape: ({ gate }) => gate.shape,
  formula: ({ gate, up }) => tf.mul(swish(gate, 1), up),
});

/**
 * Swish-gated linear unit, after its two products: y = silu(gate)·up, with silu(x) = x·sigmoid(x).
 *
 * Shapes: `gate` and `up` alike, result as they are. Source: Shazeer 2020, arXiv:2002.05202.
 */
export function swiglu(gate: Tensor, up: Tensor): Tensor {
  return swigluOp.run({ gate, up }, {});
}
