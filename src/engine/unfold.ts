import * as tf from "@tensorflow/tfjs";
import { hasKernel, runKernel } from "./kernels.ts";
import type { Tensor } from "./tensor.ts";

/**
 * The patches that a convolution looks at, laid out as rows (im2col); its gradient adds them back (col2im).
 *
 * Shapes: `x` [B, H, W, C], result [B, H', W', kernel·kernel·C] with H' = ⌊(H + 2·padding − kernel)/stride⌋ + 1, W'
 * alike. A patch is in the order (row, column, channel); outside the image it is zero.
 */
export function unfold(x: Tensor, kernel: number, stride: number, padding: number): Tensor {
  if (hasKernel("FlamingoUnfold")) return runKernel("FlamingoUnfold", { x }, { kernel, stride, padding });
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const rows = unfoldedSize(height, kernel, stride, padding);
  const columns = unfoldedSize(width, kernel, stride, padding);
  // Enough zeros below and to the right that every shifted image can be cut into whole strides.
  const below = Math.max(padding, kernel - 1 + rows * stride - height - padding);
  const right = Math.max(padding, kernel - 1 + columns * stride - width - padding);
  const padded = tf.pad(x as tf.Tensor4D, [
    [0, 0],
    [padding, below],
    [padding, right],
    [0, 0],
  ]);
  const shifted = Array.from({ length: kernel * kernel }, (_, at) => {
    const start = [0, Math.floor(at / kernel), at % kernel, 0];
    const cut = tf.slice(padded, start, [batch, rows * stride, columns * stride, channels]);
    if (stride === 1) return cut;
    const strides = tf.reshape(cut, [batch * rows, stride, columns, stride * channels]);
    return tf.slice(strides, [0, 0, 0, 0], [-1, 1, -1, channels]).reshape([batch, rows, columns, channels]);
  });
  return tf.concat(shifted, -1);
}

/** How many patches fit along one axis. */
export function unfoldedSize(size: number, kernel: number, stride: number, padding: number): number {
  return Math.floor((size + 2 * padding - kernel) / stride) + 1;
}
