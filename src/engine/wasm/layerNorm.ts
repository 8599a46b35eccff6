import type { Tensor, TensorInfo } from "@tensorflow/tfjs";
import { runKernels } from "../kernels.ts";
import { type Device, sizeOf } from "./device.ts";
import { type KernelDefinition, together } from "./kernel.ts";
import { LAYER_NORM, LAYER_NORM_GRADIENT, SUM_ROWS } from "./kernels/operations.ts";

interface Attributes {
  epsilon: number;
  biased: boolean;
}

const layerNorm: KernelDefinition = {
  name: "FlamingoLayerNorm",
  run(device, { x, weight, bias }, { epsilon }: Attributes) {
    const y = device.output(x!.shape);
    const width = x!.shape.at(-1)!;
    const addresses = [device.address(x!), optional(device, weight), optional(device, bias), device.address(y)];
    device.perform(LAYER_NORM, 8 * sizeOf(x!), [...addresses, sizeOf(x!) / width, width], [epsilon]);
    return y;
  },
  saveInputs: ["x"],
  gradient(dy: Tensor, [x, weight]: Tensor[], { epsilon, biased }: Attributes) {
    const names = ["x", ...(weight ? ["weight"] : []), ...(biased ? ["bias"] : [])];
    const inputs = { x: x!, dy, ...(weight && { weight }) };
    return together(names, (wanted) => runKernels("FlamingoLayerNormGradient", inputs, { epsilon, wanted }));
  },
};

const layerNormGradient: KernelDefinition = {
  name: "FlamingoLayerNormGradient",
  run(device, { x, weight, dy }, { epsilon, wanted }: { epsilon: number; wanted: readonly string[] }) {
    const width = x!.shape.at(-1)!;
    const rows = sizeOf(x!) / width;
    const dx = wanted.includes("x") ? device.output(x!.shape) : undefined;
    const products = wanted.includes("weight") ? device.output(x!.shape) : undefined;
    const results = [optional(device, dx), optional(device, products)];
    const addresses = [device.address(x!), optional(device, weight), device.address(dy!), ...results];
    if (dx || products) device.perform(LAYER_NORM_GRADIENT, 12 * rows * width, [...addresses, rows, width], [epsilon]);
    const gradients = wanted.map((name) => (name === "x" ? dx! : sumRows(device, name === "weight" ? products! : dy!)));
    if (products) device.release(products);
    return gradients;
  },
};

function sumRows(device: Device, x: TensorInfo): TensorInfo {
  const width = x.shape.at(-1)!;
  const y = device.output([width]);
  device.perform(SUM_ROWS, sizeOf(x), [device.address(x), device.address(y), sizeOf(x) / width, width]);
  return y;
}

function optional(device: Device, tensor: TensorInfo | undefined): number {
  return tensor ? device.address(tensor) : 0;
}

/** With a weight, which the gradient needs. */
const weightedLayerNorm: KernelDefinition = {
  ...layerNorm,
  name: "FlamingoWeightedLayerNorm",
  saveInputs: ["x", "weight"],
};

export const layerNormKernels = [layerNorm, weightedLayerNorm, layerNormGradient];
