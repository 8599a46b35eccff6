import * as tf from "@tensorflow/tfjs";
import type { Tensor, Variable } from "../tensor.ts";
import { differentiate } from "./tape.ts";

export interface ValueAndGradients {
  /** The scalar that `f` returned. */
  value: Tensor;
  /** d (factor · value) / d variable, in the order of the variables; null for one that takes no part. */
  gradients: (Tensor | null)[];
}

/**
 * Computes a scalar and its gradient by each variable. All other tensors that come into being are disposed; value and
 * gradients are the caller's to dispose.
 *
 * @param factor multiplies the gradients and not the value: a share of several batches, or a loss scale
 */
export function valueAndGradients(f: () => Tensor, variables: readonly Variable[], factor = 1): ValueAndGradients {
  const engine = tf.engine();
  engine.startScope("valueAndGradients");
  try {
    const begin = ([value]: [Tensor]) => new Map([[value.id, tf.fill(value.shape, factor)]]);
    const { outputs, totals } = differentiate((): [Tensor] => [f()], variables, begin);
    const [value] = outputs;
    const gradients = variables.map((variable) => totals.get(variable.id) ?? null);
    engine.endScope([value, ...gradients.filter((gradient) => gradient !== null)]);
    return { value, gradients };
  } catch (error) {
    engine.endScope();
    throw error;
  }
}
