import { sizeOf } from "../../../core/shape.ts";
import { embeddingOp } from "../../ops/embedding.ts";
import { gradientKernel, kernel } from "./kernel.ts";
import { rowLookup } from "./rowLookup.ts";
import { rowRanges, rowsOf } from "./rowRanges.ts";
import { remembered } from "./shader.ts";

const threads = 64;

const rows = remembered(() => ({
  reads: { table: "f32", ids: "i32" },
  ...rowLookup("table[row * given.width + i]"),
}));

// A workgroup sums up one row of the table, over all positions in order, so that the sum is always the same. Most positions
// hold other ids: they are compared `threads` at a time.
const sums = remembered(() => ({
  reads: { dy: "f32", ids: "i32" },
  writes: { gradient: "f32" },
  given: { count: "u32", width: "u32", rows: "u32", first: "u32", added: "u32" },
  workgroup: [threads, 1],
  functions: `
var<workgroup> seen: array<i32, ${threads}>;
var<workgroup> found: atomic<u32>;`,
  body: `
  for (var row = group.x; row < given.rows; row += groups.x) {
    let to = row * given.width;
    if (given.added == 0u) {
      for (var i = lane; i < given.width; i += ${threads}u) { gradient[to + i] = 0.0; }
    }
    for (var first = 0u; first < given.count; first += ${threads}u) {
      seen[lane] = -1;
      if (first + lane < given.count) { seen[lane] = ids[first + lane]; }
      if (lane == 0) { atomicStore(&found, 0); }
      workgroupBarrier();
      if (seen[lane] == i32(given.first + row)) { atomicOr(&found, 1); }
      workgroupBarrier();
      if (atomicLoad(&found) == 1) {
        for (var at = 0u; at < ${threads}u; at++) {
          if (seen[at] != i32(given.first + row)) { continue; }
          let start = (first + at) * given.width;
          for (var i = lane; i < given.width; i += ${threads}u) { gradient[to + i] += dy[start + i]; }
        }
      }
      workgroupBarrier();
    }
  }`,
}));

export const embeddingKernels = [
  kernel(embeddingOp, (device, { table, ids }, _, shape) => {
    const [tableRows, width] = table.shape as [number, number];
    const y = device.output(shape);
    for (const positions of rowRanges(device, sizeOf(ids), [width]))
      for (const range of rowRanges(device, tableRows, [width]))
        device.perform({
          shader: rows(),
          reads: [rowsOf(table, range, width), rowsOf(ids, positions, 1)],
          writes: [rowsOf(y, positions, width)],
          given: [positions.count, width, tableRows, range.first, range.first + range.count, Number.NaN],
          groups: [Math.min(positions.count, 65535)],
        });
    return y;
  }),
  gradientKernel(embeddingOp, (device, { table, ids, dy }) => {
    const gradient = device.output(table.shape);
    const [tableRows, width] = table.shape as [number, number];
    for (const range of rowRanges(device, tableRows, [width]))
      for (const positions of rowRanges(device, sizeOf(ids), [width]))
        device.perform({
          shader: sums(),
          reads: [rowsOf(dy, positions, width), rowsOf(ids, positions, 1)],
          writes: [rowsOf(gradient, range, width)],
          given: [positions.count, width, range.count, range.first, positions.first > 0 ? 1 : 0],
          groups: [Math.min(range.count, 65535)],
        });
    return [gradient];
  }),
];
