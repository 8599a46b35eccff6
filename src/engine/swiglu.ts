import * as tf from "@tensorflow/tfjs";
import { hasKernel, runKernel } from "./kernels.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Swish-gated linear unit, after its two products: y = silu(gate)·up, with silu(x) = x·sigmoid(x).
 *
 * Shapes: `gate` and `up` alike, result as they are. Source: Shazeer 2020, arXiv:2002.05202.
 */
export function swiglu(gate: Tensor, up: Tensor): Tensor {
  if (hasKernel("FlamingoSwiglu")) return runKernel("FlamingoSwiglu", { gate, up });
  return tf.mul(tf.mul(gate, tf.sigmoid(gate)), up);
}
