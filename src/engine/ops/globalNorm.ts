import * as tf from "@tensorflow/tfjs";
import type { Tensor } from "../tensor.ts";
import { defineOperation } from "./operation.ts";

export const squaredSumOp = defineOperation<{ x: Tensor }>({
  name: "SquaredSum",
  shape: () => [],
  formula: ({ x }) => tf.sum(tf.square(x)),
});

/** Σ x², a scalar. */
export function squaredSum(x: Tensor): Tensor {
  return squaredSumOp.run({ x }, {});
}

/** The norm of all its inputs, whatever their names. */
export const globalNormOp = defineOperation<Record<string, Tensor>>({
  name: "GlobalNorm",
  shape: () => [],
  // Not by `addN`, which on a GPU would bind all of them at once: a shader has some ten bindings.
  formula: (inputs) => tf.sqrt(tf.sum(tf.stack(Object.values(inputs).map(squaredSum)))),
});

/** The L2 norm of all gradients taken as one vector: √(Σ g²), a scalar. */
export function globalNorm(gradients: readonly Tensor[]): Tensor {
  if (gradients.length === 0) return tf.scalar(0);
  return tf.tidy(() => globalNormOp.run(Object.fromEntries(gradients.map((g, at) => [`x${at}`, g])), {}));
}

export interface ClipOptions {
  /** The loss scale that the gradients carry. */
  scale?: number;
  /** The loss that they are of, which must be finite too. */
  loss?: Tensor;
}

export const clipFactorOp = defineOperation<{ norm: Tensor; loss: Tensor }, { limit: number; scale: number }>({
  name: "ClipFactor",
  shape: () => [],
  formula({ norm, loss }, { limit, scale }) {
    const factor = tf.div(tf.minimum(tf.div(limit, tf.add(tf.div(norm, scale), 1e-6)), 1), scale);
    return tf.where(tf.logicalAnd(tf.isFinite(norm), tf.isFinite(loss)), factor, tf.zerosLike(factor));
  },
});

/**
 * The factor that brings gradients of this norm down to `limit`, as PyTorch's, and takes the loss scale out of them:
 * min(1, limit/(norm/scale + 1e-6))/scale, a scalar. Where the norm or the loss is not finite it is 0, by which `adamW`
 * changes nothing.
 */
export function clipFactor(norm: Tensor, limit: number, { scale = 1, loss }: ClipOptions = {}): Tensor {
  return tf.tidy(() => clipFactorOp.run({ norm, loss: loss ?? norm }, { limit, scale }));
}
