import * as tf from "@tensorflow/tfjs";
import type { Tensor } from "../tensor.ts";
import { hasKernel, repeats, runKernel } from "./kernels.ts";

/** Sum, element by element. `b` has the shape of `a`, or of its last axes (as [T, D] does for [B, T, D]). */
export function add(a: Tensor, b: Tensor): Tensor {
  return repeats(a, b) && hasKernel("FlamingoAdd")
    ? runKernel("FlamingoAdd", { a, b }, { shape: b.shape })
    : tf.add(a, b);
}

/** Product, element by element. `b` has the shape of `a`, or of its last axes. */
export function multiply(a: Tensor, b: Tensor): Tensor {
  return repeats(a, b) && hasKernel("FlamingoMultiply")
    ? runKernel("FlamingoMultiply", { a, b }, { shape: b.shape })
    : tf.mul(a, b);
}

/** Every element times one number. */
export function scale(x: Tensor, factor: number): Tensor {
  return hasKernel("FlamingoScale") ? runKernel("FlamingoScale", { x }, { factor }) : tf.mul(x, factor);
}

/**
 * What a gate lets through is added: y = x + tanh(gate)·update. The gate's gradient is (1 − tanh²(gate))·Σ update·dy.
 *
 * Shapes: `x` and `update` alike, `gate` [1].
 */
export function gatedAdd(x: Tensor, update: Tensor, gate: Tensor): Tensor {
  if (hasKernel("FlamingoGatedAdd")) return runKernel("FlamingoGatedAdd", { x, update, gate });
  return tf.add(x, tf.mul(update, tf.tanh(gate)));
}
