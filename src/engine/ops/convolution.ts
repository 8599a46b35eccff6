import * as tf from "@tensorflow/tfjs";
import type { Tensor } from "../tensor.ts";
import { add } from "./elementwise.ts";
import { linear, matMul } from "./matMul.ts";
import { defineOperation } from "./operation.ts";

/** Which patches of an image a convolution takes. */
export interface Window {
  kernel: number;
  stride: number;
  padding: number;
}

export const unfoldOp = defineOperation<{ x: Tensor }, Window>({
  name: "Unfold",
  shape({ x }, { kernel, stride, padding }) {
    const [batch, height, width, channels] = x.shape as [number, number, number, number];
    const [rows, columns] = [height, width].map((size) => unfoldedSize(size, kernel, stride, padding));
    return [batch, rows!, columns!, kernel * kernel * channels];
  },
  formula({ x }, { kernel, stride, padding }) {
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
  },
});

/**
 * The patches that a convolution takes, laid out as rows (im2col); its gradient adds them back (col2im).
 *
 * Shapes: `x` [B, H, W, C], result [B, H', W', kernel·kernel·C] with H' = ⌊(H + 2·padding − kernel)/stride⌋ + 1, W'
 * alike. A patch is in the order (row, column, channel); outside the image it is zero.
 */
export function unfold(x: Tensor, kernel: number, stride: number, padding: number): Tensor {
  return unfoldOp.run({ x }, { kernel, stride, padding });
}

/** How many patches fit along one axis. */
function unfoldedSize(size: number, kernel: number, stride: number, padding: number): number {
  return Math.floor((size + 2 * padding - kernel) / stride) + 1;
}

export interface Convolution {
  stride: number;
  /** Zeros around the image. */
  padding: number;
  /** Channels in and out are divided into so many groups, each with a convolution of its own; 1 by default. */
  groups?: number;
}

/**
 * Two-dimensional convolution (cross-correlation, as in PyTorch): one matrix product over unfolded patches where the device
 * has a kernel that unfolds, else TensorFlow.js' own.
 *
 * Shapes: `x` [B, H, W, in], `weight` [out, in/groups, k, k] as PyTorch stores it, `bias` [out], result [B, H', W', out].
 */
export function conv2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  { stride, padding, groups = 1 }: Convolution,
): Tensor {
  const [outputs, inputs, kernel] = weight.shape as [number, number, number, number];
  if (!unfoldOp.hasKernel()) {
    const around: [number, number] = [padding, padding];
    const padded = padding > 0 ? tf.pad(x as tf.Tensor4D, [[0, 0], around, around, [0, 0]]) : x;
    const filter = tf.transpose(weight, [2, 3, 1, 0]); // [k, k, in/groups, out]
    const filters = groups > 1 ? tf.split(filter, groups, 3) : [filter];
    const parts = groups > 1 ? tf.split(padded, groups, 3) : [padded];
    const results = parts.map((part, at) =>
      tf.conv2d(part as tf.Tensor4D, filters[at] as tf.Tensor4D, stride, "valid"),
    );
    const y = groups > 1 ? tf.concat(results, 3) : results[0]!;
    return bias ? add(y, bias) : y;
  }
  const rows = tf.reshape(tf.transpose(weight, [0, 2, 3, 1]), [outputs, kernel * kernel * inputs]);
  if (groups === 1) return linear(unfold(x, kernel, stride, padding), rows, bias);
  // Groups come first, as images of their own: then all their products are one batched product, however many there are.
  const [batch, height, width] = x.shape as [number, number, number, number];
  const apart = tf.transpose(tf.reshape(x, [batch * height * width, groups, inputs]), [1, 0, 2]);
  const patches = unfold(tf.reshape(apart, [groups * batch, height, width, inputs]), kernel, stride, padding);
  const [, high, wide, length] = patches.shape as [number, number, number, number];
  const products = matMul(
    tf.reshape(patches, [groups, batch * high * wide, length]),
    tf.reshape(rows, [groups, outputs / groups, length]),
    { transposeB: true },
  );
  const y = tf.reshape(tf.transpose(products, [1, 0, 2]), [batch, high, wide, outputs]);
  return bias ? add(y, bias) : y;
}
