import * as tf from "@tensorflow/tfjs";
import { hasKernel, runKernel } from "./kernels.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Root mean square normalisation over the last axis: y = x/√(mean(x²) + epsilon)·weight. It is layer normalisation about 0 in
 * place of the mean, and without a bias: the same fused kernel does both.
 *
 * Shapes: `x` [..., D], `weight` [D], result as `x`. Source: Zhang and Sennrich 2019, arXiv:1910.07467.
 */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon = 1e-5): Tensor {
  if (hasKernel("FlamingoWeightedLayerNorm"))
    return runKernel("FlamingoWeightedLayerNorm", { x, weight }, { epsilon, biased: false, centred: false });
  const factor = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon));
  return tf.mul(tf.mul(x, factor), weight);
}
