import type { TensorInfo } from "@tensorflow/tfjs";
import { sizeOf } from "../../../core/shape.ts";
import { gateGradientOp, sumRowsOp } from "../../ops/elementwise.ts";
import { squaredSumOp } from "../../ops/globalNorm.ts";
import type { Device } from "./device.ts";
import { tanhOf } from "./functions.ts";
import { kernel } from "./kernel.ts";
import { sumOf } from "./reduction.ts";
import { rowRanges, rowsOf } from "./rowRanges.ts";
import { remembered } from "./shader.ts";

const threads = 256;
const columnsAtOnce = 16;
const rowsAtOnce = 16;

/** Most partial sums of a sum over all elements. */
const mostParts = 256;

const rowSums = remembered(() => ({
  reads: { x: "f32" },
  writes: { y: "f32" },
  given: { rows: "u32", columns: "u32", added: "u32" },
  workgroup: [columnsAtOnce, rowsAtOnce],
  functions: `var<workgroup> parts: array<array<f32, ${columnsAtOnce}>, ${rowsAtOnce}>;`,
  body: `
  for (var first = group.x * ${columnsAtOnce}u; first < given.columns; first += groups.x * ${columnsAtOnce}u) {
    let column = first + local.x;
    var sum = 0.0;
    if (column < given.columns) {
      for (var row = local.y; row < given.rows; row += ${rowsAtOnce}u) { sum += x[row * given.columns + column]; }
    }
    parts[local.y][local.x] = sum;
    workgroupBarrier();
    if (local.y == 0 && column < given.columns) {
      for (var row = 1u; row < ${rowsAtOnce}u; row++) { sum += parts[row][local.x]; }
      if (given.added != 0u) { sum += y[column]; }
      y[column] = sum;
    }
    workgroupBarrier();
  }`,
}));

/** Sums over all axes but the last ones, whose sizes are `shape`. */
export function sumRows(device: Device, x: TensorInfo, shape: readonly number[]): TensorInfo {
  const y = device.output(shape);
  const columns = sizeOf(y);
  const groups = Math.min(65535, Math.ceil(columns / columnsAtOnce));
  for (const range of rowRanges(device, sizeOf(x) / columns, [columns]))
    device.perform({
      ...{ shader: rowSums(), reads: [rowsOf(x, range, columns)], writes: [y] },
      ...{ given: [range.count, columns, range.first > 0 ? 1 : 0], groups: [groups] },
    });
  return y;
}

/** Σ a·b in parts, a workgroup each: a sum in a fixed order, whatever the GPU does first. */
const products = remembered((squares: boolean) => ({
  reads: squares ? { a: "f32" } : { a: "f32", b: "f32" },
  writes: { y: "f32" },
  given: { count: "u32", first: "u32" },
  workgroup: [threads, 1],
  functions: sumOf("total", "f32", threads),
  body: `
  var sum = 0.0;
  for (var i = group.x * ${threads}u + lane; i < given.count; i += groups.x * ${threads}u) {
    sum += a[i] * ${squares ? "a" : "b"}[i];
  }
  let all = total(sum, lane);
  if (lane == 0) { y[given.first + group.x] = all; }`,
}));

/** The sum of the parts, by way of a formula. */
const partSum = remembered((result: string) => ({
  reads: result.includes("gate") ? { parts: "f32", gate: "f32" } : { parts: "f32" },
  writes: { y: "f32" },
  given: { count: "u32" },
  workgroup: [threads, 1],
  functions: `${sumOf("total", "f32", threads)}${tanhOf("f32")}`,
  body: `
  var sum = 0.0;
  for (var i = lane; i < given.count; i += ${threads}u) { sum += parts[i]; }
  let all = total(sum, lane);
  if (lane == 0) { y[0] = ${result}; }`,
}));

function dot(device: Device, a: TensorInfo, b: TensorInfo, y: TensorInfo, result: string, gate?: TensorInfo): void {
  const count = sizeOf(a);
  const ranges = rowRanges(device, count, [1]);
  const groups = Math.max(1, Math.min(mostParts, Math.ceil(count / (4 * threads))));
  const parts = device.output([ranges.length * groups]);
  const squares = a === b;
  for (const [at, range] of ranges.entries()) {
    const bound = [a, b].map((tensor) => rowsOf(tensor, range, 1));
    device.perform({
      ...{ shader: products(squares), reads: squares ? [bound[0]!] : bound, writes: [parts] },
      ...{ given: [range.count, at * groups], groups: [groups] },
    });
  }
  const reads = gate ? [parts, gate] : [parts];
  device.perform({ shader: partSum(result), reads, writes: [y], given: [sizeOf(parts)], groups: [1] });
  device.release(parts);
}

export const sumKernels = [
  kernel(sumRowsOp, (device, { x }, { shape }) => sumRows(device, x, shape)),
  kernel(squaredSumOp, (device, { x }, _, shape) => {
    const y = device.output(shape);
    dot(device, x, x, y, "all");
    return y;
  }),
  kernel(gateGradientOp, (device, { dy, update, gate }, _, shape) => {
    const y = device.output(shape);
    dot(device, dy, update, y, "all * (1.0 - safe_tanh(gate[0]) * safe_tanh(gate[0]))", gate);
    return y;
  }),
];
