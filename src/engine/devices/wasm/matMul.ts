import type { Tensor } from "@tensorflow/tfjs";
import { runKernel } from "../../ops/kernels.ts";
import type { KernelDefinition } from "./kernel.ts";
import { MAT_MUL, SUM_ROWS } from "./kernels/operations.ts";

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

const product: KernelDefinition = {
  name: "FlamingoMatMul",
  run(device, { a, b, bias }, { batch, m, n, k, transposeA, transposeB, shape }: Product) {
    const c = device.output(shape);
    const addresses = [device.address(a!), device.address(b!), device.address(c)];
    const stridesA = transposeA ? [m * k, 1, m] : [m * k, k, 1];
    const stridesB = transposeB ? [k * n, 1, k] : [k * n, n, 1];
    const biasAt = bias ? device.address(bias) : 0;
    // A product of a few rows waits for the memory: it takes as long as one of four.
    device.perform(MAT_MUL, batch * Math.max(m, 4) * n * k, [
      ...addresses,
      batch,
      m,
      n,
      k,
      ...stridesA,
      ...stridesB,
      biasAt,
    ]);
    return c;
  },
  saveInputs: ["a", "b"],
  gradient: (dy: Tensor, [a, b]: Tensor[], { batch, m, n, k, transposeA, transposeB }: Product) => ({
    // With A and B the operands after transposing: dA = dy·Bᵀ, dB = Aᵀ·dy, and each transposed where its operand was.
    a: () =>
      transposeA
        ? multiply(b!, dy, { batch, m: k, n: m, k: n, transposeA: transposeB, transposeB: true, shape: a!.shape })
        : multiply(dy, b!, { batch, m, n: k, k: n, transposeA: false, transposeB: !transposeB, shape: a!.shape }),
    b: () =>
      transposeB
        ? multiply(dy, a!, { batch, m: n, n: k, k: m, transposeA: true, transposeB: transposeA, shape: b!.shape })
        : multiply(a!, dy, { batch, m: k, n, k: m, transposeA: !transposeA, transposeB: false, shape: b!.shape }),
    bias: () => runKernel("FlamingoSumRows", { x: dy }, { shape: [n] }),
  }),
};

function multiply(a: Tensor, b: Tensor, sizes: Product): Tensor {
  return runKernel("FlamingoMatMul", { a, b }, sizes);
}

/** Sums over all axes but the last ones, whose sizes are `shape`. */
const sumRows: KernelDefinition = {
  name: "FlamingoSumRows",
  run(device, { x }, { shape }: { shape: readonly number[] }) {
    const y = device.output(shape);
    const columns = shape.reduce((count, size) => count * size, 1);
    const count = x!.shape.reduce((product, size) => product * size, 1);
    device.perform(SUM_ROWS, count, [device.address(x!), device.address(y), count / columns, columns]);
    return y;
  },
};

export const matMulKernels = [product, sumRows];
