import type { TensorInfo } from "@tensorflow/tfjs";
import { sizeOf } from "../../../core/shape.ts";
import { accumulateOp } from "../../autodiff/tape.ts";
import { swigluOp } from "../../ops/activations.ts";
import {
  addOp,
  gatedAddOp,
  gateGradientOp,
  gateUpdateOp,
  multiplyOp,
  scaleOp,
  sumRowsOp,
} from "../../ops/elementwise.ts";
import { squaredSumOp } from "../../ops/globalNorm.ts";
import type { Device } from "./device.ts";
import { elementwiseGradientKernel, elementwiseKernel, inPlaceKernel, kernel } from "./kernel.ts";

/** `b` serves every row of `a`. */
function combine(code: string, device: Device, a: TensorInfo, b: TensorInfo): TensorInfo {
  const y = device.output(a.shape);
  const count = sizeOf(a);
  const columns = sizeOf(b);
  const rows = columns === 0 ? 0 : count / columns;
  device.perform(code, count, [device.address(a), device.address(b), device.address(y), rows, columns]);
  return y;
}

function affine(device: Device, x: TensorInfo, factor: number, offset: number): TensorInfo {
  const y = device.output(x.shape);
  const count = sizeOf(x);
  device.perform("affine", count, [device.address(x), device.address(y), count], [factor, offset]);
  return y;
}

function dot(device: Device, a: TensorInfo, b: TensorInfo): number {
  device.perform("dot", sizeOf(a), [device.address(a), device.address(b), sizeOf(a)]);
  return device.total(0);
}

/** Sums over all axes but the last ones, which are `shape`. */
export function sumRows(device: Device, x: TensorInfo, shape: readonly number[]): TensorInfo {
  const y = device.output(shape);
  const columns = sizeOf(y);
  device.perform("sumRows", sizeOf(x), [device.address(x), device.address(y), sizeOf(x) / columns, columns]);
  return y;
}

export const elementwiseKernels = [
  kernel(addOp, (device, { a, b }) =>
    sizeOf(b) === 1 ? affine(device, a, 1, device.read(b)) : combine("add", device, a, b),
  ),
  kernel(multiplyOp, (device, { a, b }) =>
    sizeOf(b) === 1 ? affine(device, a, device.read(b), 0) : combine("multiply", device, a, b),
  ),
  kernel(scaleOp, (device, { x }, { factor }) => affine(device, x, factor, 0)),
  kernel(sumRowsOp, (device, { x }, { shape }) => sumRows(device, x, shape)),
  kernel(gatedAddOp, (device, { x, update, gate }, _, shape) => {
    const y = device.output(shape);
    const addresses = [x, update, y].map((tensor) => device.address(tensor));
    device.perform("addScaled", sizeOf(x), [...addresses, sizeOf(x)], [Math.tanh(device.read(gate))]);
    return y;
  }),
  kernel(gateUpdateOp, (device, { dy, gate }) => affine(device, dy, Math.tanh(device.read(gate)), 0)),
  kernel(gateGradientOp, (device, { dy, update, gate }, _, shape) =>
    device.single((1 - Math.tanh(device.read(gate)) ** 2) * dot(device, dy, update), shape),
  ),
  kernel(squaredSumOp, (device, { x }) => device.single(dot(device, x, x))),
  inPlaceKernel(accumulateOp, (device, { total, part }) => {
    const at = device.address(total);
    const count = sizeOf(total);
    device.perform("add", count, [at, device.address(part), at, 1, count]);
  }),
  elementwiseKernel(swigluOp, "swiglu", 20),
  elementwiseGradientKernel(swigluOp, "swigluGradient", 40),
];
