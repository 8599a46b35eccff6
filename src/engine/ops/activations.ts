import * as tf from "@tensorflow/tfjs";
import type { Tensor } from "../tensor.ts";
import { hasKernel, runKernel } from "./kernels.ts";

/** The functions that the fused kernel for activations knows. */
export type Activation = "gelu" | "quickGelu" | "squaredRelu" | "silu" | "tanh";

/** Applies an activation, fused where the device can, else by its plain formula. */
export function activate(activation: Activation, x: Tensor, plain: () => Tensor): Tensor {
  return hasKernel("FlamingoActivation") ? runKernel("FlamingoActivation", { x }, { activation }) : plain();
}

/** Gaussian error linear unit, exact: x·Φ(x) = x·(1 + erf(x/√2))/2. */
export function gelu(x: Tensor): Tensor {
  return activate("gelu", x, () => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)));
}

/** CLIP's approximation of GELU: x·sigmoid(1.702·x). */
export function quickGelu(x: Tensor): Tensor {
  return activate("quickGelu", x, () => tf.mul(x, tf.sigmoid(tf.mul(x, 1.702))));
}

/** Sigmoid linear unit: x·sigmoid(x). */
export function silu(x: Tensor): Tensor {
  return activate("silu", x, () => tf.mul(x, tf.sigmoid(x)));
}

/** max(x, 0)², the activation of the Flamingo paper's feed-forward layers. */
export function squaredRelu(x: Tensor): Tensor {
  return activate("squaredRelu", x, () => tf.square(tf.relu(x)));
}

/** Hyperbolic tangent, element by element. */
export function tanh(x: Tensor): Tensor {
  return activate("tanh", x, () => tf.tanh(x));
}

/**
 * Swish-gated linear unit, after its two products: y = silu(gate)·up, with silu(x) = x·sigmoid(x).
 *
 * Shapes: `gate` and `up` alike, result as they are. Source: Shazeer 2020, arXiv:2002.05202.
 */
export function swiglu(gate: Tensor, up: Tensor): Tensor {
  if (hasKernel("FlamingoSwiglu")) return runKernel("FlamingoSwiglu", { gate, up });
  return tf.mul(tf.mul(gate, tf.sigmoid(gate)), up);
}
