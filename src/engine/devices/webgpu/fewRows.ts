import type { TensorInfo } from "@tensorflow/tfjs";
import { type Bits, groupsInRow, wordsInRow } from "../../../core/quantization.ts";
import type { Product } from "../../ops/matMul.ts";
import type { Device } from "./device.ts";
import { rowRanges, rowsOf } from "./rowRanges.ts";
import { remembered } from "./shader.ts";
import { unpack } from "./unpack.ts";

const threads = 64;

/** Rows that are computed together. */
const counts = [1, 2, 4, 8] as const;

/**
 * Whether a product is one of a few rows with a layer's weight [n, k], as in generation: it waits for the weight to be read, and a tile would be
 * almost empty.
 */
export function isFew({ batch, m, transposeA, transposeB }: Product): boolean {
  return batch === 1 && m <= counts.at(-1)! && !transposeA && transposeB;
}

/** A workgroup reads a row of the weight once, and multiplies it with all rows of `a`. Rows beyond `m` are computed and not stored. */
const fewRows = remembered((rows: number, wide: boolean, bits: Bits | 0) => {
  const T = wide ? "vec4f" : "f32";
  const plain = "b[column * given.k + i]";
  const packed = wide ? "unpack_four(column, 4u * i, 4u * given.k)" : "unpack_one(column, i, given.k)";
  const each = (line: (row: number) => string) => Array.from({ length: rows }, (_, row) => line(row)).join("\n");
  return {
    reads: { a: T, b: bits ? "i32" : T, bias: "f32", ...(bits && { scales: "f32" }) },
    writes: { c: "f32" },
    given: { m: "u32", n: "u32", k: "u32", biased: "u32", c_first: "u32", c_length: "u32" },
    workgroup: [threads, 1],
    functions: `${bits ? unpack("b", bits) : ""}
var<workgroup> parts: array<array<f32, ${threads}>, ${rows}>;`,
    body: `
  for (var column = group.x; column < given.n; column += groups.x) {
    ${each((row) => `var sum${row} = 0.0;`)}
    for (var i = lane; i < given.k; i += ${threads}u) {
      let weight = ${bits ? packed : plain};
      ${each((row) => `sum${row} += ${wide ? "dot" : ""}(a[${row}u * given.k + i]${wide ? "," : " *"} weight);`)}
    }
    ${each((row) => `parts[${row}][lane] = sum${row};`)}
    for (var half = ${threads / 2}u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if (lane < half) { ${each((row) => `parts[${row}][lane] += parts[${row}][lane + half];`)} }
    }
    workgroupBarrier();
    if (lane < given.m) {
      var sum = parts[lane][0];
      if (given.biased != 0u) { sum += bias[column]; }
      c[lane * given.c_length + given.c_first + column] = sum;
    }
    workgroupBarrier();
  }`,
  } as const;
});

/** c = a·bᵀ + bias, for what `isFew`. */
export function multiplyFewRows(
  device: Device,
  {
    a,
    b,
    bias,
    scales,
  }: { readonly [name in "a" | "b"]: TensorInfo } & { readonly [name in "bias" | "scales"]?: TensorInfo },
  c: TensorInfo,
  { m, n, k, bits }: Product & { bits?: Bits },
): void {
  const wide = k % 4 === 0;
  const shader = fewRows(counts.find((count) => count >= m)!, wide, bits ?? 0);
  const length = bits ? wordsInRow(k, bits) : k;
  for (const columns of rowRanges(device, n, [length])) {
    const { first, count } = columns;
    device.perform({
      shader,
      reads: [
        ...[a, rowsOf(b, columns, length), bias ? rowsOf(bias, columns, 1) : a],
        ...(scales ? [rowsOf(scales, columns, groupsInRow(k))] : []),
      ],
      writes: [c],
      given: [m, count, wide ? k / 4 : k, bias ? 1 : 0, first, n],
      groups: [Math.min(count, 65535)],
    });
  }
}
