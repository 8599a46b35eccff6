import * as tf from "@tensorflow/tfjs";
import type { Tensor } from "../tensor.ts";

/**
 * Fused kernels have names of their own in TensorFlow.js' registry, so that its tape records them and a device may have
 * them or not. Every operation states its formula in plain TensorFlow.js as well; that is what runs where the device has
 * no such kernel, and what the tests compare with.
 */
export function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) != null;
}

/** Runs a kernel of ours that gives one tensor. */
export function runKernel(name: string, inputs: Record<string, Tensor>, attributes: object = {}): Tensor {
  return runKernels(name, inputs, attributes) as unknown as Tensor;
}

/** Runs a kernel of ours that gives several tensors. */
export function runKernels(name: string, inputs: Record<string, Tensor>, attributes: object = {}): Tensor[] {
  const result: unknown = tf.engine().runKernel(name, inputs, attributes as tf.NamedAttrMap);
  return result as Tensor[];
}

/** Whether `b` has `a`'s shape or a tail of it, both of floats: the case that the fused elementwise kernels know. */
export function repeats(a: Tensor, b: Tensor): boolean {
  const tail = a.shape.slice(a.rank - b.rank);
  return a.dtype === "float32" && b.dtype === "float32" && b.rank <= a.rank && String(tail) === String(b.shape);
}
