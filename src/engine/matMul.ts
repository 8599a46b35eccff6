import * as tf from "@tensorflow/tfjs";
import { FlamingoError } from "../core/errors.ts";
import { hasKernel, runKernel } from "./kernels.ts";
import type { Tensor } from "./tensor.ts";

export interface MatMulOptions {
  transposeA?: boolean;
  transposeB?: boolean;
}

/**
 * Matrix product over the last two axes: c = a·b. The one owner of the matrix product and of its gradient.
 *
 * Shapes: `a` [..., M, K] (or [..., K, M] with `transposeA`), `b` [..., K, N] (or [..., N, K] with `transposeB`), result
 * [..., M, N]. Leading axes are equal, or `b` has none and serves all of `a`.
 *
 * @throws FlamingoError SHAPE_MISMATCH if the inner sizes or the leading axes differ.
 */
export function matMul(a: Tensor, b: Tensor, options: MatMulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false } = options;
  const [m, k] = lastTwo(a, transposeA);
  const [inner, n] = lastTwo(b, transposeB);
  const leading = a.shape.slice(0, -2);
  const shared = b.rank === 2;
  if (k !== inner || !(shared || String(leading) === String(b.shape.slice(0, -2)))) throw mismatch(a, b, options);
  if (shared && transposeA && a.rank > 2) return matMul(swapLastTwo(a), b, { transposeB });

  const shape = [...leading, m, n];
  const count = leading.reduce((product, size) => product * size, 1);
  const sizes = shared ? { batch: 1, m: count * m } : { batch: count, m };
  if (hasKernel("FlamingoMatMul"))
    return runKernel("FlamingoMatMul", { a, b }, { ...sizes, n, k, transposeA, transposeB, shape });
  const rows = shared && a.rank > 2 ? tf.reshape(a, [count * m, k]) : a;
  return tf.reshape(tf.matMul(rows, b, transposeA, transposeB), shape);
}

/**
 * Whether a row of a product has the same bits wherever it stands and whatever stands beside it, among as many rows.
 * TensorFlow sums up the last rows, those that fill no tile, in another order.
 */
export function rowsKeepBits(): boolean {
  return tf.getBackend() !== "tensorflow";
}

function swapLastTwo(x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return tf.transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}

function lastTwo(x: Tensor, transposed: boolean): [number, number] {
  if (x.rank < 2) throw new FlamingoError("SHAPE_MISMATCH", `a matrix product needs two axes, found [${x.shape}]`);
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}

function mismatch(a: Tensor, b: Tensor, { transposeA, transposeB }: MatMulOptions): FlamingoError {
  const name = (x: Tensor, transposed: boolean | undefined) => `[${x.shape}]${transposed ? " (transposed)" : ""}`;
  const message = `the matrix product of ${name(a, transposeA)} and ${name(b, transposeB)} is not defined`;
  return new FlamingoError("SHAPE_MISMATCH", message, {
    fix: "make the inner sizes equal, and the leading axes equal or absent in the second",
  });
}
