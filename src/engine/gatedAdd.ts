import * as tf from "@tensorflow/tfjs";
import { hasKernel, runKernel } from "./kernels.ts";
import type { Tensor } from "./tensor.ts";

/**
 * What a gate lets through is added: y = x + tanh(gate)·update. The gate's gradient is (1 − tanh²(gate))·Σ update·dy.
 *
 * Shapes: `x` and `update` alike, `gate` [1].
 */
export function gatedAdd(x: Tensor, update: Tensor, gate: Tensor): Tensor {
  if (hasKernel("FlamingoGatedAdd")) return runKernel("FlamingoGatedAdd", { x, update, gate });
  return tf.add(x, tf.mul(update, tf.tanh(gate)));
}
