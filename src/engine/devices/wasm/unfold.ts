import type { TensorInfo } from "@tensorflow/tfjs";
import { sizeOf } from "../../../core/shape.ts";
import { unfoldOp, type Window } from "../../ops/convolution.ts";
import type { Device } from "./device.ts";
import { gradientKernel, kernel } from "./kernel.ts";

function perform(
  device: Device,
  code: string,
  image: TensorInfo,
  patches: TensorInfo,
  { kernel, stride, padding }: Window,
): void {
  const addresses = [device.address(image), device.address(patches)];
  const [, rows, columns] = patches.shape as [number, number, number, number];
  device.perform(code, sizeOf(patches), [...addresses, ...image.shape, kernel, stride, padding, rows, columns]);
}

export const unfoldKernels = [
  kernel(unfoldOp, (device, { x }, window, shape) => {
    const y = device.output(shape);
    perform(device, "unfold", x, y, window);
    return y;
  }),
  gradientKernel(unfoldOp, (device, { x, dy }, window) => {
    const gradient = device.output(x.shape);
    perform(device, "fold", gradient, dy, window);
    return [gradient];
  }),
];
