import * as tf from "@tensorflow/tfjs";
import { hasKernel, runKernel } from "./kernels.ts";
import type { Tensor } from "./tensor.ts";

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
