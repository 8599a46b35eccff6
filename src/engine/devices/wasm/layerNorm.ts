import { sizeOf } from "../../../core/shape.ts";
import { layerNormOp } from "../../ops/norms.ts";
import { sumRows } from "./elementwise.ts";
import { addressOrZero, gradientKernel, kernel } from "./kernel.ts";

export const layerNormKernels = [
  kernel(layerNormOp, (device, { x, weight, bias }, { epsilon, centred }, shape) => {
    const y = device.output(shape);
    const width = x.shape.at(-1)!;
    const addresses = [x, weight, bias, y].map((tensor) => addressOrZero(device, tensor));
    device.perform("layerNorm", 8 * sizeOf(x), [...addresses, sizeOf(x) / width, width, centred ? 1 : 0], [epsilon]);
    return y;
  }),
  gradientKernel(layerNormOp, (device, { x, weight, dy }, { epsilon, centred, wanted }) => {
    const width = x.shape.at(-1)!;
    const rows = sizeOf(x) / width;
    const dx = wanted.includes("x") ? device.output(x.shape) : undefined;
    const products = wanted.includes("weight") ? device.output(x.shape) : undefined;
    const addresses = [x, weight, dy, dx, products].map((tensor) => addressOrZero(device, tensor));
    const integers = [...addresses, rows, width, centred ? 1 : 0];
    if (dx || products) device.perform("layerNormGradient", 12 * rows * width, integers, [epsilon]);
    const gradients = wanted.map((name) =>
      name === "x" ? dx! : sumRows(device, name === "weight" ? products! : dy, [width]),
    );
    if (products) device.release(products);
    return gradients;
  }),
];
