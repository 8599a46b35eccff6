import * as tf from "@tensorflow/tfjs";
import { FlamingoError } from "../../core/errors.ts";
import type { Tensor } from "../tensor.ts";
import { add } from "./elementwise.ts";
import { hasKernel, runKernel } from "./kernels.ts";

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

/**
 * Linear layer: y = x·Wᵀ + b, with PyTorch's layout of the weight.
 *
 * Shapes: `x` [..., in], `weight` [out, in], `bias` [out], result [..., out].
 *
 * @throws FlamingoError SHAPE_MISMATCH if the input's width is not the weight's.
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [n, k] = weight.shape as [number, number];
  if (x.shape.at(-1) !== k)
    throw new FlamingoError("SHAPE_MISMATCH", `an input of shape [${x.shape}] meets a weight for width ${k}`, {
      fix: `make the input's last axis ${k}`,
    });
  const leading = x.shape.slice(0, -1);
  if (hasKernel("FlamingoMatMul")) {
    const m = leading.reduce((product, size) => product * size, 1);
    const sizes = { batch: 1, m, n, k, transposeA: false, transposeB: true, shape: [...leading, n] };
    return runKernel("FlamingoMatMul", { a: x, b: weight, ...(bias && { bias }) }, sizes);
  }
  const y = matMul(x.reshape([-1, k]), weight, { transposeB: true }).reshape([...leading, n]);
  return bias ? add(y, bias) : y;
}
