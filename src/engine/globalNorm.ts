import * as tf from "@tensorflow/tfjs";
import { hasKernel, runKernel } from "./kernels.ts";
import type { Tensor } from "./tensor.ts";

/** The length of all gradients taken as one vector: √(Σ g²), a scalar. */
export function globalNorm(gradients: readonly Tensor[]): Tensor {
  return tf.tidy(() => {
    const fused = hasKernel("FlamingoSquaredSum");
    const sums = gradients.map((g) => (fused ? runKernel("FlamingoSquaredSum", { x: g }) : tf.sum(tf.square(g))));
    // Not by `addN`, which on webgpu would bind all of them at once: a shader has some ten bindings.
    return sums.length === 0 ? tf.scalar(0) : tf.sqrt(tf.sum(tf.stack(sums)));
  });
}

/** The factor that brings gradients of this norm down to `limit`, as PyTorch's: min(1, limit/(norm + 1e-6)), a scalar. */
export function clipFactor(norm: Tensor, limit: number): Tensor {
  return tf.tidy(() => tf.minimum(tf.div(limit, tf.add(norm, 1e-6)), 1));
}
