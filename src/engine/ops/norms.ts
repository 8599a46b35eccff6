import * as tf from "@tensorflow/tfjs";
import type { Tensor } from "../tensor.ts";
import { defineOperation } from "./operation.ts";

export interface NormAttributes {
  epsilon: number;
  /** Normalises about the mean (LayerNorm); else about 0 (RMSNorm). */
  centred: boolean;
}

export const layerNormOp = defineOperation<{ x: Tensor; weight?: Tensor; bias?: Tensor }, NormAttributes>({
  name: "LayerNorm",
  shape: ({ x }) => x.shape,
  formula({ x, weight, bias }, { epsilon, centred }) {
    const about = centred ? tf.sub(x, tf.mean(x, -1, true)) : x;
    const normal = tf.mul(about, tf.rsqrt(tf.add(tf.mean(tf.square(about), -1, true), epsilon)));
    const weighted = weight ? tf.mul(normal, weight) : normal;
    return bias ? tf.add(weighted, bias) : weighted;
  },
});

/**
 * Layer normalisation over the last axis: y = (x − mean)/√(variance + epsilon)·weight + bias, with the variance over all
 * D elements (not D − 1).
 *
 * Shapes: `x` [..., D], `weight` and `bias` [D], result as `x`. Source: Ba et al. 2016, arXiv:1607.06450.
 */
export function layerNorm(x: Tensor, weight?: Tensor, bias?: Tensor, epsilon = 1e-5): Tensor {
  return layerNormOp.run({ x, ...(weight && { weight }), ...(bias && { bias }) }, { epsilon, centred: true });
}

/**
 * Root mean square normalisation over the last axis: y = x/√(mean(x²) + epsilon)·weight. It is layer normalisation about 0 in
 * place of the mean, and without a bias.
 *
 * Shapes: `x` [..., D], `weight` [D], result as `x`. Source: Zhang and Sennrich 2019, arXiv:1910.07467.
 */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon = 1e-5): Tensor {
  return layerNormOp.run({ x, weight }, { epsilon, centred: false });
}
