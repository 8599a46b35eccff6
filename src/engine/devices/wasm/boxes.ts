import * as tf from "@tensorflow/tfjs";
import { sizeOf } from "../../../core/shape.ts";
import { writeOp } from "../../ops/layout.ts";
import type { Device } from "./device.ts";
import { inPlaceKernel, tfjsKernel } from "./kernel.ts";

/** Where a box begins in a tensor. */
interface Corner {
  tensor: tf.TensorInfo;
  begin: readonly number[];
}

/** Copies a box of these sizes from one tensor to another of the same rank and type. */
function copyBox(device: Device, from: Corner, to: Corner, sizes: readonly number[]): void {
  const { dtype } = from.tensor;
  const bytes = tf.util.bytesPerElement(dtype);
  const [steps, targets] = [stepsOf(from.tensor, bytes), stepsOf(to.tensor, bytes)];
  const offset = ({ begin }: Corner, steps: readonly number[]) =>
    begin.reduce((sum, index, axis) => sum + index * steps[axis]!, 0);
  let run = bytes;
  const axes: number[][] = [];
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    if (axes.length === 0 && steps[axis] === run && targets[axis] === run) run *= sizes[axis]!;
    else if (sizes[axis] !== 1) axes.unshift([sizes[axis]!, steps[axis]!, targets[axis]!]);
  }
  const source = device.address(from.tensor, dtype) + offset(from, steps);
  const target = device.address(to.tensor, dtype) + offset(to, targets);
  const cost = sizeOf({ shape: sizes });
  if (cost > 0) device.perform("copyBox", cost, [source, target, run, axes.length, ...axes.flat()]);
}

/** Bytes from one element to the next along each axis. */
function stepsOf({ shape }: tf.TensorInfo, bytes: number): number[] {
  const steps = new Array<number>(shape.length);
  for (let axis = shape.length - 1, step = bytes; axis >= 0; step *= shape[axis]!, axis--) steps[axis] = step;
  return steps;
}

const origin = (tensor: tf.TensorInfo): Corner => ({ tensor, begin: tensor.shape.map(() => 0) });

/** Kernels for operations of TensorFlow.js, and one that writes in place. */
export const boxKernels = [
  // TensorFlow.js' own copies all of the input first, and goes element by element from five axes on.
  tfjsKernel("Slice", (device, { x }, { begin, size }: { begin: number | number[]; size: number | number[] }) => {
    const [starts, sizes] = tf.slice_util.parseSliceParams(x as tf.Tensor, begin, size);
    const y = device.output(sizes!, x!.dtype);
    copyBox(device, { tensor: x!, begin: starts! }, origin(y), sizes!);
    return y;
  }),

  tfjsKernel("Concat", (device, inputs, { axis }: { axis: number }) => {
    const parts = Object.values(inputs).filter((part) => sizeOf(part) > 0);
    const [first] = Object.values(inputs);
    const along = tf.util.parseAxisParam(axis, first!.shape)[0]!;
    const length = parts.reduce((sum, part) => sum + part.shape[along]!, 0);
    const y = device.output(first!.shape.with(along, length), first!.dtype);
    const begin = first!.shape.map(() => 0);
    for (const part of parts) {
      copyBox(device, origin(part), { tensor: y, begin: [...begin] }, part.shape);
      begin[along]! += part.shape[along]!;
    }
    return y;
  }),

  // The gradient of `concat` asks for it.
  tfjsKernel(
    "SplitV",
    (device, { x }, { numOrSizeSplits, axis }: { numOrSizeSplits: number | number[]; axis: number }) => {
      const along = tf.util.parseAxisParam(axis, x!.shape)[0]!;
      const lengths = tf.backend_util.prepareSplitSize(x as tf.Tensor, numOrSizeSplits, along);
      const begin = x!.shape.map(() => 0);
      return lengths.map((length) => {
        const part = device.output(x!.shape.with(along, length), x!.dtype);
        copyBox(device, { tensor: x!, begin: [...begin] }, origin(part), part.shape);
        begin[along]! += length;
        return part;
      });
    },
  ),

  tfjsKernel(
    "PadV2",
    (device, { x }, { paddings, constantValue }: { paddings: [number, number][]; constantValue: number }) => {
      const shape = x!.shape.map((size, axis) => size + paddings[axis]![0] + paddings[axis]![1]);
      const y = device.output(shape, x!.dtype);
      device.fill(y, constantValue);
      copyBox(device, origin(x!), { tensor: y, begin: paddings.map(([before]) => before) }, x!.shape);
      return y;
    },
  ),

  inPlaceKernel(writeOp, (device, { target, chunk }, { start }) =>
    copyBox(device, origin(chunk), { tensor: target, begin: [0, start, 0] }, chunk.shape),
  ),
];
