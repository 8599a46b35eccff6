import * as tf from "@tensorflow/tfjs";
import type { Tensor } from "../tensor.ts";
import { hasKernel, runKernels } from "./kernels.ts";

/** The label that OpenFlamingo and PyTorch give to what shall not be learned. */
export const ignoredTarget = -100;

/**
 * Softmax cross-entropy: the mean over the targets that count of log Σ exp(logits) − logits[target], in nats.
 *
 * Shapes: `logits` [N, V], `targets` int32 [N]. Returns two scalars: `loss`, and `count`, the number of targets that
 * differ from `ignore`. If none counts, the loss is 0 and so is its gradient.
 */
export function crossEntropy(logits: Tensor, targets: Tensor, ignore = ignoredTarget): { loss: Tensor; count: Tensor } {
  const labels = targets.dtype === "int32" ? targets : tf.cast(targets, "int32");
  if (hasKernel("FlamingoCrossEntropy")) {
    const [loss, count] = runKernels("FlamingoCrossEntropy", { logits, targets: labels }, { ignore });
    return { loss: loss!, count: count! };
  }
  const counts = tf.notEqual(labels, tf.scalar(ignore, "int32"));
  const included = tf.cast(counts, "float32");
  const count = tf.sum(included);
  const known = tf.where(counts, labels, tf.zerosLike(labels)) as tf.Tensor1D;
  const likelihoods = tf.sum(tf.mul(tf.logSoftmax(logits), tf.oneHot(known, logits.shape[1]!).toFloat()), -1);
  const loss = tf.neg(tf.div(tf.sum(tf.mul(likelihoods, included)), tf.maximum(count, 1)));
  return { loss, count };
}
