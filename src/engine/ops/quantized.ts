import * as tf from "@tensorflow/tfjs";
import { type Bits, groupSize } from "../../core/quantization.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Tensor } from "../tensor.ts";
import { sumRows } from "./elementwise.ts";
import { defineOperation } from "./operation.ts";
import { checkRowIds } from "./rowIds.ts";

/** The tensors of a quantised matrix. */
type Packed = {
  /** int32 [rows, ⌈columns·bits/32⌉]: signed numbers of so many bits, the first in the lowest bits; zeros fill the last word of a row. */
  values: Tensor;
  /** [rows, ⌈columns/64⌉]: what the numbers of a group are multiplied by. */
  scales: Tensor;
};

/** How the tensors are read. */
interface Format {
  columns: number;
  bits: Bits;
}

/** A matrix as blocks use it: in single precision, or quantised. */
export type Matrix = Tensor | QuantizedMatrix;

/**
 * A frozen matrix [rows, columns] in few bits: w[r, c] = scale[r, ⌊c/64⌋] · q[r, c] with integers q of 8 or 4 bits. The nearest q is taken,
 * with the scale that the largest number of the group gives, so that |w − w₀| ≤ scale/2.
 *
 * TensorFlow.js does not know it: only operations that take a `Matrix` do.
 *
 * @see Dettmers et al. 2022, LLM.int8(), arXiv:2208.07339; Frantar et al. 2022, GPTQ, arXiv:2210.17323
 */
export class QuantizedMatrix {
  readonly shape: readonly [number, number];
  readonly dtype = "float32";
  readonly bits: Bits;
  // Private, so that TensorFlow.js does not find them where it looks for the tensors in an object.
  readonly #values: Tensor;
  readonly #scales: Tensor;
  readonly #further: Tensor | undefined;

  /** @param further rows below the quantised ones, in single precision */
  constructor({ values, scales }: Packed, { columns, bits }: Format, further?: Tensor) {
    this.#values = values;
    this.#scales = scales;
    this.#further = further;
    this.bits = bits;
    this.shape = [values.shape[0]! + (further?.shape[0] ?? 0), columns];
  }

  get packed(): Packed {
    return { values: this.#values, scales: this.#scales };
  }

  get further(): Tensor | undefined {
    return this.#further;
  }

  /** The same matrix with rows in single precision below it, which may learn. */
  joined(further: Tensor): QuantizedMatrix {
    return new QuantizedMatrix(this.packed, { columns: this.shape[1], bits: this.bits }, further);
  }

  /** x·Wᵀ + b of the quantised rows. Shapes: `x` [..., columns], `bias` [rows], result [..., rows]. */
  product(x: Tensor, bias?: Tensor): Tensor {
    const [rows, columns] = [this.#values.shape[0]!, this.shape[1]];
    const leading = x.shape.slice(0, -1);
    const sizes = { m: sizeOf({ shape: leading }), rows, columns, bits: this.bits, across: true };
    return quantizedMatMulOp.run(
      { a: x, ...this.packed, ...(bias && { bias }) },
      { ...sizes, shape: [...leading, rows] },
    );
  }

  /** Quantised rows by their ids. Shapes: `ids` int32 [...], result [..., columns]. */
  rows(ids: Tensor): Tensor {
    return quantizedRowsOp.run({ ...this.packed, ids }, { columns: this.shape[1], bits: this.bits });
  }

  dispose(): void {
    tf.dispose([this.#values, this.#scales]);
  }
}

/** Sizes of a product with a quantised matrix W [rows, columns]; `shape` is how the result is seen. */
export interface QuantizedProduct extends Format {
  m: number;
  rows: number;
  /** c[m, rows] = a[m, columns]·Wᵀ; without it c[m, columns] = a[m, rows]·W. */
  across: boolean;
  shape: readonly number[];
}

/** c = a·Wᵀ + bias, or a·W, with the quantised matrix W. Only `a` and `bias` have gradients. */
export const quantizedMatMulOp = defineOperation<Packed & { a: Tensor; bias?: Tensor }, QuantizedProduct>({
  name: "QuantizedMatMul",
  shape: (_, { shape }) => shape,
  formula({ a, values, scales, bias }, { m, rows, columns, bits, across, shape }) {
    const c = tf.matMul(
      tf.reshape(a, [m, across ? columns : rows]),
      dense(values, scales, columns, bits),
      false,
      across,
    );
    return tf.reshape(bias ? tf.add(c, bias) : c, [...shape]);
  },
  saves: ["values", "scales"],
  gradient: ({ dy, inputs: { a, values, scales } }, sizes) => ({
    a: () => multiply({ a: dy, values, scales }, { ...sizes, across: !sizes.across, shape: a.shape }),
    bias: () => sumRows(dy.rank === 1 ? tf.expandDims(dy, 0) : dy, [sizes.rows]),
  }),
});

function multiply(inputs: Packed & { a: Tensor }, sizes: QuantizedProduct): Tensor {
  return quantizedMatMulOp.run(inputs, sizes);
}

/** Rows of a quantised matrix by their ids, in single precision. */
export const quantizedRowsOp = defineOperation<Packed & { ids: Tensor }, Format>({
  name: "QuantizedRows",
  check: ({ values, ids }) => checkRowIds(ids, values.shape[0]!),
  shape: ({ ids }, { columns }) => [...ids.shape, columns],
  formula({ values, scales, ids }, { columns, bits }) {
    const flat = tf.reshape(ids, [-1]);
    const rows = dense(tf.gather(values, flat), tf.gather(scales, flat), columns, bits);
    return tf.reshape(rows, [...ids.shape, columns]);
  },
  saves: [],
  gradient: () => ({}),
});

/** The numbers of packed rows [rows, columns]. */
function dense(values: Tensor, scales: Tensor, columns: number, bits: Bits): Tensor {
  const [rows, words] = values.shape as [number, number];
  const groups = scales.shape[1]!;
  const places = Array.from({ length: 32 / bits }, (_, at) => 2 ** (bits * at));
  const parts = tf.mod(
    tf.floorDiv(tf.expandDims(values, -1), tf.tensor(places, [places.length], "int32")),
    tf.scalar(2 ** bits, "int32"),
  );
  const unsigned = tf.slice(tf.reshape(parts, [rows, words * places.length]), [0, 0], [rows, columns]);
  const sign = tf.mul(tf.cast(tf.greaterEqual(unsigned, 2 ** (bits - 1)), "int32"), tf.scalar(2 ** bits, "int32"));
  const whole = tf.pad(tf.cast(tf.sub(unsigned, sign), "float32"), [
    [0, 0],
    [0, groups * groupSize - columns],
  ]);
  const scaled = tf.mul(tf.reshape(whole, [rows, groups, groupSize]), tf.expandDims(scales, -1));
  return tf.slice(tf.reshape(scaled, [rows, groups * groupSize]), [0, 0], [rows, columns]);
}
