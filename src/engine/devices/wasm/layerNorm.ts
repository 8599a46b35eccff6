import type { Tensor, TensorInfo } from "@tensorflow/tfjs";
import { runKernels } from "../../ops/kernels.ts";
import { type Device, sizeOf } from "./device.ts";
import { type KernelDefinition, together } from "./kernel.ts";
import { LAYER_NORM, LAYER_NORM_GRADIENT, SUM_ROWS } from "./kernels/operations.ts";

interface Attributes {
  epsilon: number;
  biased: boolean;
  /** Normalises about the mean; else about 0. */
  centred: boolean;
}

const layerNorm: KernelDefinition = {
  name: "FlamingoLayerNorm",
  run(device, { x, weight, bias }, { epsilon, centred }: Attributes) {
    const y = device.output(x!.shape);
    const width = x!.shape.at(-1)!;
    const addresses = [device.address(x!), optional(device, weight), optional(device, bias), device.address(y)];
    const integers = [...addresses, sizeOf(x!) / width, width, centred ? 1 : 0];
    device.perform(LAYER_NORM, 8 * sizeOf(x!), integers, [epsilon]);
    return y;
  },
  saveInputs: ["x"],
  gradient(dy: Tensor, [x, weight]: Tensor[], { epsilon, biased, centred }: Attributes) {
    const names = ["x", ...(weight ? ["weight"] : []), ...(biased ? ["bias"] : [])];
    const inputs = { x: x!, dy, ...(weight && { weight }) };
    return together(names, (wanted) => runKernels("FlamingoLayerNormGradient", inputs, { epsilon, centred, wanted }));
  },
};

interface GradientAttributes extends Omit<Attributes, "biased"> {
  wanted: readonly string[];
}

const layerNormGradient: KernelDefinition = {
  name: "FlamingoLayerNormGradient",
  run(device, { x, weight, dy }, { epsilon, centred, wanted }: GradientAttributes) {
    const width = x!.shape.at(-1)!;
    const rows = sizeOf(x!) / width;
    const dx = wanted.includes("x") ? device.output(x!.shape) : undefined;
    const products = wanted.includes("weight") ? device.output(x!.shape) : undefined;
    const results = [optional(device, dx), optional(device, products)];
    const addresses = [device.address(x!), optional(device, weight), device.address(dy!), ...results];
    const integers = [...addresses, rows, width, centred ? 1 : 0];
    if (dx || products) device.perform(LAYER_NORM_GRADIENT, 12 * rows * width, integers, [epsilon]);
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
