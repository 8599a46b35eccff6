import * as tf from "@tensorflow/tfjs";
import { add } from "./add.ts";
import { hasKernel } from "./kernels.ts";
import { linear } from "./linear.ts";
import type { Tensor } from "./tensor.ts";
import { unfold } from "./unfold.ts";

/**
 * Two-dimensional convolution (cross-correlation, as in PyTorch): one matrix product over unfolded patches where the device
 * unfolds well, else TensorFlow.js' own.
 *
 * Shapes: `x` [B, H, W, in], `weight` [out, in, k, k] as PyTorch stores it, `bias` [out], result [B, H', W', out].
 */
export function conv2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  { stride, padding }: { stride: number; padding: number },
): Tensor {
  if (!hasKernel("FlamingoUnfold")) {
    const around: [number, number] = [padding, padding];
    const padded = tf.pad(x as tf.Tensor4D, [[0, 0], around, around, [0, 0]]);
    const y = tf.conv2d(padded, tf.transpose(weight, [2, 3, 1, 0]) as tf.Tensor4D, stride, "valid");
    return bias ? add(y, bias) : y;
  }
  const [outputs, inputs, kernel] = weight.shape as [number, number, number, number];
  const rows = tf.reshape(tf.transpose(weight, [0, 2, 3, 1]), [outputs, kernel * kernel * inputs]);
  return linear(unfold(x, kernel, stride, padding), rows, bias);
}
