import * as tf from "@tensorflow/tfjs";
import { sizeOf } from "../../core/shape.ts";
import type { Tensor } from "../tensor.ts";
import { defineOperation } from "./operation.ts";

type Pair = { a: Tensor; b: Tensor };

export const sumRowsOp = defineOperation<{ x: Tensor }, { shape: readonly number[] }>({
  name: "SumRows",
  shape: (_, { shape }) => shape,
  formula: ({ x }, { shape }) => tf.reshape(tf.sum(tf.reshape(x, [-1, sizeOf({ shape })]), 0), [...shape]),
});

/** Sums over the leading axes, so that the last ones remain, of this shape. */
export function sumRows(x: Tensor, shape: readonly number[]): Tensor {
  return x.rank === shape.length ? x : sumRowsOp.run({ x }, { shape });
}

export const addOp = defineOperation<Pair>({
  name: "Add",
  shape: ({ a }) => a.shape,
  formula: ({ a, b }) => tf.add(a, b),
  saves: [],
  gradient: ({ dy, inputs }) => ({ a: () => dy, b: () => sumRows(dy, inputs.b.shape) }),
});

/** Sum, element by element. `b` has the shape of `a`, or of its last axes (as [T, D] does for [B, T, D]). */
export function add(a: Tensor, b: Tensor): Tensor {
  return repeats(a, b) ? addOp.run({ a, b }, {}) : tf.add(a, b);
}

export const multiplyOp = defineOperation<Pair>({
  name: "Multiply",
  shape: ({ a }) => a.shape,
  formula: ({ a, b }) => tf.mul(a, b),
  gradient: ({ dy, inputs: { a, b } }) => ({
    a: () => multiply(dy, b),
    b: () => sumRows(multiply(dy, a), b.shape),
  }),
});

/** Product, element by element. `b` has the shape of `a`, or of its last axes. */
export function multiply(a: Tensor, b: Tensor): Tensor {
  return repeats(a, b) ? multiplyOp.run({ a, b }, {}) : tf.mul(a, b);
}

export const scaleOp = defineOperation<{ x: Tensor }, { factor: number }>({
  name: "Scale",
  shape: ({ x }) => x.shape,
  formula: ({ x }, { factor }) => tf.mul(x, factor),
  saves: [],
  gradient: ({ dy }, { factor }) => ({ x: () => scale(dy, factor) }),
});

/** Every element times one number. */
export function scale(x: Tensor, factor: number): Tensor {
  return scaleOp.run({ x }, { factor });
}

export const gatedAddOp = defineOperation<{ x: Tensor; update: Tensor; gate: Tensor }>({
  name: "GatedAdd",
  shape: ({ x }) => x.shape,
  formula: ({ x, update, gate }) => tf.add(x, tf.mul(update, tf.tanh(gate))),
  saves: ["update", "gate"],
  gradient: ({ dy, inputs: { update, gate } }) => ({
    x: () => dy,
    update: () => gateUpdateOp.run({ dy, gate }, {}),
    gate: () => gateGradientOp.run({ dy, update, gate }, {}),
  }),
});

/** The gradient of the update behind a gate: tanh(gate)·dy. */
export const gateUpdateOp = defineOperation<{ dy: Tensor; gate: Tensor }>({
  name: "GateUpdate",
  shape: ({ dy }) => dy.shape,
  formula: ({ dy, gate }) => tf.mul(dy, tf.tanh(gate)),
});

/** The gradient of a gate: (1 − tanh²(gate))·Σ update·dy. */
export const gateGradientOp = defineOperation<{ dy: Tensor; update: Tensor; gate: Tensor }>({
  name: "GateGradient",
  shape: ({ gate }) => gate.shape,
  formula: ({ dy, update, gate }) => tf.mul(tf.sum(tf.mul(dy, update)), tf.sub(1, tf.square(tf.tanh(gate)))),
});

/**
 * Adds an update through a tanh gate: y = x + tanh(gate)·update. The gate's gradient is (1 − tanh²(gate))·Σ update·dy.
 *
 * Shapes: `x` and `update` alike, `gate` [1].
 */
export function gatedAdd(x: Tensor, update: Tensor, gate: Tensor): Tensor {
  return gatedAddOp.run({ x, update, gate }, {});
}

/** Whether `b` has the shape of `a` or of its last axes, both of floats: what the operations here take. */
function repeats(a: Tensor, b: Tensor): boolean {
  const tail = a.shape.slice(a.rank - b.rank);
  return a.dtype === "float32" && b.dtype === "float32" && b.rank <= a.rank && String(tail) === String(b.shape);
}
