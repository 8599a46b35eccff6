import * as tf from "@tensorflow/tfjs";
import type { Tensor } from "../tensor.ts";
import { unfold } from "./convolution.ts";

/**
 * Average pooling over squares that do not overlap. At the right and lower edge a square may reach beyond the image: there the mean is
 * of what lies inside.
 *
 * Shapes: `x` [B, H, W, C], result [B, ⌈H/size⌉, ⌈W/size⌉, C]. PyTorch's AvgPool2d(size, ceil_mode=True, count_include_pad=False).
 */
export function averagePool(x: Tensor, size: number): Tensor {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const [rows, columns] = [Math.ceil(height / size), Math.ceil(width / size)];
  const [below, right] = [rows * size - height, columns * size - width];
  const whole = below === 0 && right === 0;
  const padded = whole ? x : tf.pad(x as tf.Tensor4D, [[0, 0], [0, below], [0, right], [0, 0]]); // biome-ignore format: one line
  const squares = tf.reshape(unfold(padded, size, size, 0), [batch * rows * columns, size * size, channels]);
  if (whole) return tf.reshape(tf.mean(squares, 1), [batch, rows, columns, channels]);
  const inside = (length: number, at: number) => Math.min(size, length - at * size);
  const parts = Float32Array.from(
    { length: rows * columns },
    (_, at) => 1 / (inside(height, Math.floor(at / columns)) * inside(width, at % columns)),
  );
  const sums = tf.reshape(tf.sum(squares, 1), [batch, rows * columns, channels]);
  return tf.reshape(tf.mul(sums, tf.tensor(parts, [rows * columns, 1])), [batch, rows, columns, channels]);
}
