import * as tf from "@tensorflow/tfjs";
import type { Tensor } from "../tensor.ts";
import { defineOperation } from "./operation.ts";

export interface AdaptiveClip {
  /** Largest ratio of a unit's gradient to its weights, by their norms. */
  ratio: number;
  /** Smallest norm that weights count with, so that those at 0 can begin to learn. */
  epsilon: number;
  /** The loss scale that the gradient carries. */
  scale: number;
}

export const adaptiveClipOp = defineOperation<{ gradient: Tensor; weight: Tensor }, AdaptiveClip>({
  name: "AdaptiveClip",
  shape: ({ gradient }) => gradient.shape,
  formula({ gradient, weight }, { ratio, epsilon, scale }) {
    const units = weight.rank > 1 ? weight.shape[0]! : 1;
    const rows = tf.reshape(gradient, [units, -1]);
    const most = tf.mul(tf.maximum(norms(tf.reshape(weight, [units, -1])), epsilon), ratio * scale);
    const found = norms(rows);
    const factor = tf.where(tf.less(found, most), tf.onesLike(found), tf.div(most, tf.maximum(found, 1e-6 * scale)));
    return tf.reshape(tf.mul(rows, factor), gradient.shape);
  },
});

/** The norm of each row, as a column. */
function norms(rows: Tensor): Tensor {
  return tf.sqrt(tf.sum(tf.square(rows), 1, true));
}

/**
 * Adaptive gradient clipping: brings the gradient of each unit down to a part of the unit's own weights.
 *
 * For each unit i, where ‖gᵢ‖ ≥ ratio · max(‖wᵢ‖, epsilon): gᵢ ← ratio · max(‖wᵢ‖, epsilon) · gᵢ/‖gᵢ‖. A unit is a row along the first
 * axis, which is an output of a linear map or a convolution; a vector or a scalar is one unit.
 *
 * @see Brock et al. 2021, NFNet, section 4, arXiv:2102.06171
 */
export function adaptiveClip(gradient: Tensor, weight: Tensor, options: AdaptiveClip): Tensor {
  return tf.tidy(() => adaptiveClipOp.run({ gradient, weight }, options));
}
