import { matMulOp } from "../../ops/matMul.ts";
import { kernel } from "./kernel.ts";

export const matMulKernels = [
  kernel(matMulOp, (work, { a, b, bias }, { batch, m, n, k, transposeA, transposeB }, shape) => {
    const leading = batch === 1 ? [] : [batch];
    const left = work.reshape(a, [...leading, ...(transposeA ? [k, m] : [m, k])]);
    const right = work.reshape(b, [...leading, ...(transposeB ? [n, k] : [k, n])]);
    const c = work.product(left, right, transposeA, transposeB);
    return work.reshape(bias ? work.floats("BiasAdd", c, bias) : c, shape);
  }),
];
