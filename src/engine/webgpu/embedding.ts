import { sizeOf } from "./device.ts";
import type { KernelDefinition } from "./kernel.ts";
import { remembered } from "./shader.ts";

const threads = 64;

// An id outside of the table reads nothing and gives NaN: wrong data shall not go unseen.
const rows = remembered(() => ({
  reads: { table: "f32", ids: "i32" },
  writes: { y: "f32" },
  given: { count: "u32", width: "u32", rows: "u32", nan: "f32" },
  workgroup: [threads, 1],
  body: `
  for (var at = group.x; at < given.count; at += groups.x) {
    let id = ids[at];
    let known = id >= 0 && id < i32(given.rows);
    for (var i = lane; i < given.width; i += ${threads}u) {
      if (known) { y[at * given.width + i] = table[u32(id) * given.width + i]; }
      else { y[at * given.width + i] = given.nan; }
    }
  }`,
}));

// A workgroup sums up one row of the table, over all places in order, so that the sum is always the same. Most places hold
// other ids: they are looked at `threads` at a time.
const sums = remembered(() => ({
  reads: { dy: "f32", ids: "i32" },
  writes: { gradient: "f32" },
  given: { count: "u32", width: "u32", rows: "u32" },
  workgroup: [threads, 1],
  functions: `
var<workgroup> seen: array<i32, ${threads}>;
var<workgroup> found: atomic<u32>;`,
  body: `
  for (var row = group.x; row < given.rows; row += groups.x) {
    let to = row * given.width;
    for (var i = lane; i < given.width; i += ${threads}u) { gradient[to + i] = 0.0; }
    for (var first = 0u; first < given.count; first += ${threads}u) {
      seen[lane] = -1;
      if (first + lane < given.count) { seen[lane] = ids[first + lane]; }
      if (lane == 0) { atomicStore(&found, 0); }
      workgroupBarrier();
      if (seen[lane] == i32(row)) { atomicOr(&found, 1); }
      workgroupBarrier();
      if (atomicLoad(&found) == 1) {
        for (var at = 0u; at < ${threads}u; at++) {
          if (seen[at] != i32(row)) { continue; }
          let start = (first + at) * given.width;
          for (var i = lane; i < given.width; i += ${threads}u) { gradient[to + i] += dy[start + i]; }
        }
      }
      workgroupBarrier();
    }
  }`,
}));

const embedding: KernelDefinition = {
  name: "FlamingoEmbedding",
  run(device, { table, ids }) {
    const [tableRows, width] = table!.shape as [number, number];
    const y = device.output([...ids!.shape, width]);
    const count = sizeOf(ids!);
    device.perform({
      ...{ shader: rows(), reads: [table!, ids!], writes: [y] },
      ...{ given: [count, width, tableRows, Number.NaN], groups: [Math.min(count, 65535)] },
    });
    return y;
  },
};

const embeddingGradient: KernelDefinition = {
  name: "FlamingoEmbeddingGradient",
  run(device, { dy, ids }, { shape }: { shape: readonly number[] }) {
    const gradient = device.output(shape);
    const [tableRows, width] = shape as [number, number];
    device.perform({
      ...{ shader: sums(), reads: [dy!, ids!], writes: [gradient] },
      ...{ given: [sizeOf(ids!), width, tableRows], groups: [Math.min(tableRows, 65535)] },
    });
    return gradient;
  },
};

export const embeddingKernels = [embedding, embeddingGradient];
