import * as tf from "@tensorflow/tfjs";
import type { Tensor } from "./tensor.ts";

/**
 * Both halves of the last axis. One operation, whose gradient joins both in one.
 *
 * Shapes: `x` [..., 2·n], results [..., n]. On `webgpu` TensorFlow.js cuts through at most four axes, so leading ones are joined.
 */
export function halves(x: Tensor): [Tensor, Tensor] {
  const width = x.shape.at(-1)!;
  if (x.rank <= 4) return tf.split(x, 2, -1) as [Tensor, Tensor];
  const parts = tf.split(tf.reshape(x, [-1, width]), 2, -1);
  return parts.map((part) => tf.reshape(part, [...x.shape.slice(0, -1), width / 2])) as [Tensor, Tensor];
}
