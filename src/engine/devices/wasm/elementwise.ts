import type { Tensor, TensorInfo } from "@tensorflow/tfjs";
import { runKernel } from "../../ops/kernels.ts";
import { type Device, sizeOf } from "./device.ts";
import type { KernelDefinition } from "./kernel.ts";
import { ADD, ADD_SCALED, AFFINE, DOT, MULTIPLY } from "./kernels/operations.ts";

function combine(operation: number, device: Device, a: TensorInfo, b: TensorInfo): TensorInfo {
  const y = device.output(a.shape);
  const count = sizeOf(a);
  const columns = sizeOf(b);
  const rows = columns === 0 ? 0 : count / columns;
  device.perform(operation, count, [device.address(a), device.address(b), device.address(y), rows, columns]);
  return y;
}

function affine(device: Device, x: TensorInfo, factor: number, offset: number): TensorInfo {
  const y = device.output(x.shape);
  const count = sizeOf(x);
  device.perform(AFFINE, count, [device.address(x), device.address(y), count], [factor, offset]);
  return y;
}

function dot(device: Device, a: TensorInfo, b: TensorInfo): number {
  device.perform(DOT, sizeOf(a), [device.address(a), device.address(b), sizeOf(a)]);
  return device.total(0);
}

/** The gradient of what served every row: summed over them. */
function perRow(gradient: Tensor, shape: readonly number[]): Tensor {
  return gradient.rank === shape.length ? gradient : runKernel("FlamingoSumRows", { x: gradient }, { shape });
}

const add: KernelDefinition = {
  name: "FlamingoAdd",
  run: (device, { a, b }) => (sizeOf(b!) === 1 ? affine(device, a!, 1, device.read(b!)) : combine(ADD, device, a!, b!)),
  gradient: (dy: Tensor, _saved, { shape }: { shape: readonly number[] }) => ({
    a: () => dy,
    b: () => perRow(dy, shape),
  }),
};

const multiply: KernelDefinition = {
  name: "FlamingoMultiply",
  run: (device, { a, b }) =>
    sizeOf(b!) === 1 ? affine(device, a!, device.read(b!), 0) : combine(MULTIPLY, device, a!, b!),
  saveInputs: ["a", "b"],
  gradient: (dy: Tensor, [a, b]: Tensor[], { shape }: { shape: readonly number[] }) => ({
    a: () => runKernel("FlamingoMultiply", { a: dy, b: b! }, { shape }),
    b: () => perRow(runKernel("FlamingoMultiply", { a: dy, b: a! }, { shape: dy.shape }), shape),
  }),
};

const scale: KernelDefinition = {
  name: "FlamingoScale",
  run: (device, { x }, { factor }: { factor: number }) => affine(device, x!, factor, 0),
  gradient: (dy: Tensor, _saved, { factor }: { factor: number }) => ({
    x: () => runKernel("FlamingoScale", { x: dy }, { factor }),
  }),
};

const gatedAdd: KernelDefinition = {
  name: "FlamingoGatedAdd",
  run(device, { x, update, gate }) {
    const y = device.output(x!.shape);
    const count = sizeOf(x!);
    const addresses = [device.address(x!), device.address(update!), device.address(y)];
    device.perform(ADD_SCALED, count, [...addresses, count], [Math.tanh(device.read(gate!))]);
    return y;
  },
  saveInputs: ["update", "gate"],
  gradient: (dy: Tensor, [update, gate]: Tensor[]) => ({
    x: () => dy,
    update: () => runKernel("FlamingoGateUpdate", { dy, gate: gate! }),
    gate: () => runKernel("FlamingoGateGradient", { dy, update: update!, gate: gate! }),
  }),
};

const gateUpdate: KernelDefinition = {
  name: "FlamingoGateUpdate",
  run: (device, { dy, gate }) => affine(device, dy!, Math.tanh(device.read(gate!)), 0),
};

const gateGradient: KernelDefinition = {
  name: "FlamingoGateGradient",
  run: (device, { dy, update, gate }) =>
    device.single((1 - Math.tanh(device.read(gate!)) ** 2) * dot(device, dy!, update!), gate!.shape),
};

const squaredSum: KernelDefinition = {
  name: "FlamingoSquaredSum",
  run: (device, { x }) => device.single(dot(device, x!, x!)),
};

/** total += part, in place. */
const accumulate: KernelDefinition = {
  name: "FlamingoAccumulate",
  run(device, { total, part }) {
    const at = device.address(total!);
    const count = sizeOf(total!);
    device.perform(ADD, count, [at, device.address(part!), at, 1, count]);
    return [];
  },
};

export const elementwiseKernels = [
  ...[add, multiply, scale, gatedAdd, gateUpdate],
  ...[gateGradient, squaredSum, accumulate],
];
