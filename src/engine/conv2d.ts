import * as tf from "@tensorflow/tfjs";
import { linear } from "./linear.ts";
import type { Tensor } from "./tensor.ts";
import { unfold } from "./unfold.ts";

/**
 * Two-dimensional convolution (cross-correlation, as in PyTorch), as one matrix product over unfolded patches.
 *
 * Shapes: `x` [B, H, W, in], `weight` [out, in, k, k] as PyTorch stores it, `bias` [out], result [B, H', W', out].
 */
export function conv2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  { stride, padding }: { stride: number; padding: number },
): Tensor {
  const [outputs, inputs, kernel] = weight.shape as [number, number, number, number];
  const rows = tf.reshape(tf.transpose(weight, [0, 2, 3, 1]), [outputs, kernel * kernel * inputs]);
  return linear(unfold(x, kernel, stride, padding), rows, bias);
}
