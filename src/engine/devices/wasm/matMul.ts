import { matMulOp } from "../../ops/matMul.ts";
import { addressOrZero, kernel } from "./kernel.ts";

export const matMulKernels = [
  kernel(matMulOp, (device, { a, b, bias }, { batch, m, n, k, transposeA, transposeB }, shape) => {
    const c = device.output(shape);
    const addresses = [a, b, c].map((tensor) => device.address(tensor));
    const stridesA = transposeA ? [m * k, 1, m] : [m * k, k, 1];
    const stridesB = transposeB ? [k * n, 1, k] : [k * n, n, 1];
    const integers = [...addresses, batch, m, n, k, ...stridesA, ...stridesB, addressOrZero(device, bias)];
    // A product of a few rows waits for the memory: it takes as long as one of four.
    device.perform("matMul", batch * Math.max(m, 4) * n * k, integers);
    return c;
  }),
];
