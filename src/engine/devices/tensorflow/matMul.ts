import type { Product } from "../wasm/matMul.ts";
import { type KernelDefinition, sizeOf } from "./kernel.ts";

const product: KernelDefinition = {
  name: "FlamingoMatMul",
  run(work, { a, b, bias }, { batch, m, n, k, transposeA, transposeB, shape }: Product) {
    const leading = batch === 1 ? [] : [batch];
    const left = work.reshape(a!, [...leading, ...(transposeA ? [k, m] : [m, k])]);
    const right = work.reshape(b!, [...leading, ...(transposeB ? [n, k] : [k, n])]);
    const c = work.product(left, right, transposeA, transposeB);
    return work.reshape(bias ? work.floats("BiasAdd", c, bias) : c, shape);
  },
};

const sumRows: KernelDefinition = {
  name: "FlamingoSumRows",
  run(work, { x }, { shape }: { shape: readonly number[] }) {
    const columns = shape.reduce((count, size) => count * size, 1);
    const rows = work.reshape(x!, [sizeOf(x!) / columns, columns]);
    return work.reshape(work.reduce("Sum", rows, [0]), shape);
  },
};

export const matMulKernels = [product, sumRows];
