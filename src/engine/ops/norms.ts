import * as tf from "@tensorflow/tfjs";
import type { Tensor } from "../tensor.ts";
import { hasKernel, runKernel } from "./kernels.ts";

/**
 * Layer normalisation over the last axis: y = (x − mean)/√(variance + epsilon)·weight + bias, with the variance over all
 * D elements (not D − 1).
 *
 * Shapes: `x` [..., D], `weight` and `bias` [D], result as `x`. Source: Ba et al. 2016, arXiv:1607.06450.
 */
export function layerNorm(x: Tensor, weight?: Tensor, bias?: Tensor, epsilon = 1e-5): Tensor {
  if (hasKernel("FlamingoLayerNorm")) {
    const inputs = { x, ...(weight && { weight }), ...(bias && { bias }) };
    const name = weight ? "FlamingoWeightedLayerNorm" : "FlamingoLayerNorm";
    return runKernel(name, inputs, { epsilon, biased: bias !== undefined, centred: true });
  }
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  const normal = tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon)));
  const weighted = weight ? tf.mul(normal, weight) : normal;
  return bias ? tf.add(weighted, bias) : weighted;
}

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
