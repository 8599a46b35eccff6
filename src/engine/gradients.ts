import * as tf from "@tensorflow/tfjs";
import type { Tensor, Variable } from "./tensor.ts";

export interface ValueAndGradients {
  /** The scalar that `f` returned. */
  value: Tensor;
  /** d value / d variable, in the order of the variables; null for one that takes no part. */
  gradients: (Tensor | null)[];
}

/**
 * Computes a scalar and its gradient by each variable. All other tensors that come into being are disposed; value and
 * gradients are the caller's to dispose.
 */
export function valueAndGradients(f: () => Tensor, variables: readonly Variable[]): ValueAndGradients {
  const { value, grads } = tf.engine().gradients(f as () => tf.Scalar, [...variables], undefined, true);
  return { value, gradients: grads.map((gradient) => gradient ?? null) };
}
