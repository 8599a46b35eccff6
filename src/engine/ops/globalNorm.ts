import * as tf from "@tensorflow/tfjs";
import type { Tensor } from "../tensor.ts";
import { hasKernel, runKernel } from "./kernels.ts";

/** The length of all gradients taken as one vector: √(Σ g²), a scalar. */
export function globalNorm(gradients: readonly Tensor[]): Tensor {
  if (hasKernel("FlamingoGlobalNorm") && gradients.length > 0)
    return runKernel("FlamingoGlobalNorm", Object.fromEntries(gradients.map((g, at) => [`x${at}`, g])));
  return tf.tidy(() => {
    const fused = hasKernel("FlamingoSquaredSum");
    const sums = gradients.map((g) => (fused ? runKernel("FlamingoSquaredSum", { x: g }) : tf.sum(tf.square(g))));
    // Not by `addN`, which on webgpu would bind all of them at once: a shader has some ten bindings.
    return sums.length === 0 ? tf.scalar(0) : tf.sqrt(tf.sum(tf.stack(sums)));
  });
}

export interface ClipOptions {
  /** The loss scale that the gradients carry. */
  scale?: number;
  /** The loss that they are of, which must be finite too. */
  loss?: Tensor;
}

/**
 * The factor that brings gradients of this norm down to `limit`, as PyTorch's, and takes the loss scale out of them:
 * min(1, limit/(norm/scale + 1e-6))/scale, a scalar. Where the norm or the loss is not finite it is 0, by which `adamW`
 * changes nothing.
 */
export function clipFactor(norm: Tensor, limit: number, { scale = 1, loss }: ClipOptions = {}): Tensor {
  if (hasKernel("FlamingoClipFactor"))
    return runKernel("FlamingoClipFactor", { norm, loss: loss ?? norm }, { limit, scale });
  return tf.tidy(() => {
    const factor = tf.div(tf.minimum(tf.div(limit, tf.add(tf.div(norm, scale), 1e-6)), 1), scale);
    const finite = loss ? tf.logicalAnd(tf.isFinite(norm), tf.isFinite(loss)) : tf.isFinite(norm);
    return tf.where(finite, factor, tf.zerosLike(factor));
  });
}
