import type { Tensor, TensorInfo } from "@tensorflow/tfjs";
import { unfoldedSize } from "../../ops/convolution.ts";
import { runKernel } from "../../ops/kernels.ts";
import { type Device, sizeOf } from "./device.ts";
import type { KernelDefinition } from "./kernel.ts";
import { FOLD, UNFOLD } from "./kernels/operations.ts";

export interface Window {
  kernel: number;
  stride: number;
  padding: number;
}

function perform(
  device: Device,
  operation: number,
  image: TensorInfo,
  patches: TensorInfo,
  { kernel, stride, padding }: Window,
): void {
  const addresses = [device.address(image), device.address(patches)];
  const [, rows, columns] = patches.shape as [number, number, number, number];
  const integers = [...addresses, ...image.shape, kernel, stride, padding, rows, columns];
  device.perform(operation, sizeOf(patches), integers);
}

const unfold: KernelDefinition = {
  name: "FlamingoUnfold",
  run(device, { x }, window: Window) {
    const { kernel, stride, padding } = window;
    const [batch, height, width, channels] = x!.shape as [number, number, number, number];
    const [rows, columns] = [height, width].map((size) => unfoldedSize(size, kernel, stride, padding));
    const y = device.output([batch, rows!, columns!, kernel * kernel * channels]);
    perform(device, UNFOLD, x!, y, window);
    return y;
  },
  saveInputs: ["x"],
  gradient: (dy: Tensor, [x]: Tensor[], window: Window) => ({
    x: () => runKernel("FlamingoFold", { dy }, { ...window, shape: x!.shape }),
  }),
};

const fold: KernelDefinition = {
  name: "FlamingoFold",
  run(device, { dy }, { shape, ...window }: Window & { shape: readonly number[] }) {
    const x = device.output(shape);
    perform(device, FOLD, x, dy!, window);
    return x;
  },
};

export const unfoldKernels = [unfold, fold];
