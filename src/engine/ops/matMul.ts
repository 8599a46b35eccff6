import * as tf from "@tensorflow/tfjs";
import { FlamingoError } from "../../core/errors.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Tensor } from "../tensor.ts";
import { sumRows } from "./elementwise.ts";
import { defineOperation } from "./operation.ts";
import { type Matrix, QuantizedMatrix } from "./quantized.ts";

/** Sizes of c[m, n] = a[m, k]·b[k, n] + bias[n], repeated over a batch; `shape` is how the result is seen. */
export interface Product {
  batch: number;
  m: number;
  n: number;
  k: number;
  transposeA: boolean;
  transposeB: boolean;
  shape: readonly number[];
}

export const matMulOp = defineOperation<{ a: Tensor; b: Tensor; bias?: Tensor }, Product>({
  name: "MatMul",
  shape: (_, { shape }) => shape,
  formula({ a, b, bias }, { batch, m, n, k, transposeA, transposeB, shape }) {
    const leading = batch === 1 ? [] : [batch];
    const left = tf.reshape(a, [...leading, ...(transposeA ? [k, m] : [m, k])]);
    const right = tf.reshape(b, [...leading, ...(transposeB ? [n, k] : [k, n])]);
    const c = tf.matMul(left, right, transposeA, transposeB);
    return tf.reshape(bias ? tf.add(c, bias) : c, [...shape]);
  },
  saves: ["a", "b"],
  gradient: ({ dy, inputs: { a, b } }, { batch, m, n, k, transposeA, transposeB }) => ({
    // With A and B the operands after transposing: dA = dy·Bᵀ, dB = Aᵀ·dy, and each transposed where its operand was.
    a: () =>
      transposeA
        ? product(b, dy, { batch, m: k, n: m, k: n, transposeA: transposeB, transposeB: true, shape: a.shape })
        : product(dy, b, { batch, m, n: k, k: n, transposeA: false, transposeB: !transposeB, shape: a.shape }),
    b: () =>
      transposeB
        ? product(dy, a, { batch, m: n, n: k, k: m, transposeA: true, transposeB: transposeA, shape: b.shape })
        : product(a, dy, { batch, m: k, n, k: m, transposeA: !transposeA, transposeB: false, shape: b.shape }),
    bias: () => sumRows(dy.rank === 1 ? tf.reshape(dy, [1, n]) : dy, [n]),
  }),
});

function product(a: Tensor, b: Tensor, sizes: Product): Tensor {
  return matMulOp.run({ a, b }, sizes);
}

export interface MatMulOptions {
  transposeA?: boolean;
  transposeB?: boolean;
}

/**
 * Matrix product over the last two axes: c = a·b.
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
  const count = sizeOf({ shape: leading });
  const sizes = shared ? { batch: 1, m: count * m } : { batch: count, m };
  return product(a, b, { ...sizes, n, k, transposeA, transposeB, shape });
}

/**
 * Linear layer: y = x·Wᵀ + b, with PyTorch's layout of the weight.
 *
 * Shapes: `x` [..., in], `weight` [out, in], `bias` [out], result [..., out].
 *
 * @throws FlamingoError SHAPE_MISMATCH if the input's width is not the weight's.
 */
export function linear(x: Tensor, weight: Matrix, bias?: Tensor): Tensor {
  const [n, k] = weight.shape as [number, number];
  if (x.shape.at(-1) !== k)
    throw new FlamingoError("SHAPE_MISMATCH", `an input of shape [${x.shape}] meets a weight for width ${k}`, {
      fix: `make the input's last axis ${k}`,
    });
  if (weight instanceof QuantizedMatrix) return quantizedLinear(x, weight, bias);
  const leading = x.shape.slice(0, -1);
  const m = sizeOf({ shape: leading });
  const sizes = { batch: 1, m, n, k, transposeA: false, transposeB: true, shape: [...leading, n] };
  return matMulOp.run({ a: x, b: weight, ...(bias && { bias }) }, sizes);
}

function quantizedLinear(x: Tensor, weight: QuantizedMatrix, bias?: Tensor): Tensor {
  const { further } = weight;
  if (!further) return weight.product(x, bias);
  const all = tf.concat([weight.product(x), linear(x, further)], -1);
  return bias ? tf.add(all, bias) : all;
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
