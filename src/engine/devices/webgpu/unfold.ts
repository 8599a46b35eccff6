import type { TensorInfo } from "@tensorflow/tfjs";
import { sizeOf } from "../../../core/shape.ts";
import { unfoldOp, type Window } from "../../ops/convolution.ts";
import type { Device } from "./device.ts";
import { gradientKernel, kernel } from "./kernel.ts";
import { remembered, type ShaderParts } from "./shader.ts";

const threads = 64;

const given = {
  count: "u32",
  height: "i32",
  width: "i32",
  channels: "i32",
  kernel: "i32",
  stride: "i32",
  padding: "i32",
  rows: "i32",
  columns: "i32",
} as const;

/** WGSL: `i` runs over the elements of the result, taken apart from the last axis on. */
const eachElement = (work: string) => `
  for (var i = group.x * ${threads}u + lane; i < given.count; i += groups.x * ${threads}u) {
    var rest = i32(i);
    let channel = rest % given.channels; rest /= given.channels;
    ${work}
  }`;

const patches = remembered(
  (): ShaderParts => ({
    ...{ reads: { image: "f32" }, writes: { result: "f32" }, given, workgroup: [threads, 1] },
    body: eachElement(`
    let right = rest % given.kernel; rest /= given.kernel;
    let down = rest % given.kernel; rest /= given.kernel;
    let column = rest % given.columns; rest /= given.columns;
    let row = rest % given.rows; rest /= given.rows;
    let y = row * given.stride - given.padding + down;
    let x = column * given.stride - given.padding + right;
    var value = 0.0;
    if (y >= 0 && y < given.height && x >= 0 && x < given.width) {
      value = image[((rest * given.height + y) * given.width + x) * given.channels + channel];
    }
    result[i] = value;`),
  }),
);

const images = remembered(
  (): ShaderParts => ({
    ...{ reads: { patches: "f32" }, writes: { result: "f32" }, given, workgroup: [threads, 1] },
    body: eachElement(`
    let x = rest % given.width + given.padding; rest /= given.width;
    let y = rest % given.height + given.padding; rest /= given.height;
    var sum = 0.0;
    for (var down = 0; down < given.kernel; down++) {
      let row = (y - down) / given.stride;
      if (y < down || row >= given.rows || (y - down) % given.stride != 0) { continue; }
      for (var right = 0; right < given.kernel; right++) {
        let column = (x - right) / given.stride;
        if (x < right || column >= given.columns || (x - right) % given.stride != 0) { continue; }
        let window = (rest * given.rows + row) * given.columns + column;
        sum += patches[((window * given.kernel + down) * given.kernel + right) * given.channels + channel];
      }
    }
    result[i] = sum;`),
  }),
);

function perform(
  device: Device,
  shader: typeof patches,
  [from, to]: readonly [TensorInfo, TensorInfo],
  image: TensorInfo,
  unfolded: TensorInfo,
  { kernel, stride, padding }: Window,
): void {
  const [, height, width, channels] = image.shape as [number, number, number, number];
  const [, rows, columns] = unfolded.shape as [number, number, number, number];
  const count = sizeOf(to);
  device.perform({
    ...{ shader: shader(), reads: [from], writes: [to] },
    given: [count, height, width, channels, kernel, stride, padding, rows, columns],
    groups: [Math.min(16384, Math.ceil(count / threads))],
  });
}

export const unfoldKernels = [
  kernel(unfoldOp, (device, { x }, window, shape) => {
    const y = device.output(shape);
    perform(device, patches, [x, y], x, y, window);
    return y;
  }),
  gradientKernel(unfoldOp, (device, { x, dy }, window) => {
    const gradient = device.output(x.shape);
    perform(device, images, [dy, gradient], x, dy, window);
    return [gradient];
  }),
];
