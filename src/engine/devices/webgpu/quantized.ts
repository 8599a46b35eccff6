import { type Bits, groupsInRow, wordsInRow } from "../../../core/quantization.ts";
import { sizeOf } from "../../../core/shape.ts";
import { quantizedMatMulOp, quantizedRowsOp } from "../../ops/quantized.ts";
import { kernel } from "./kernel.ts";
import { multiply } from "./matMul.ts";
import { rowRanges, rowsOf } from "./rowRanges.ts";
import { remembered } from "./shader.ts";
import { unpack } from "./unpack.ts";

const threads = 64;

// As in a table of single precision, an id beyond the table gives NaN until the check of the ids reports it.
const rows = remembered((bits: Bits) => ({
  reads: { values: "i32", scales: "f32", ids: "i32" },
  writes: { y: "f32" },
  given: { count: "u32", width: "u32", rows: "u32", first: "u32", end: "u32", nan: "f32" },
  workgroup: [threads, 1],
  functions: unpack("values", bits),
  body: `
  for (var at = group.x; at < given.count; at += groups.x) {
    let id = ids[at];
    let known = id >= 0 && id < i32(given.rows);
    if (known && (u32(id) < given.first || u32(id) >= given.end)) { continue; }
    for (var i = lane; i < given.width; i += ${threads}u) {
      if (known) { y[at * given.width + i] = unpack_one(u32(id) - given.first, i, given.width); }
      else { y[at * given.width + i] = given.nan; }
    }
  }`,
}));

export const quantizedKernels = [
  kernel(quantizedMatMulOp, (device, { a, values: b, scales, bias }, { m, rows, columns, bits, across, shape }) => {
    const [n, k] = across ? [rows, columns] : [columns, rows];
    const sizes = { batch: 1, m, n, k, transposeA: false, transposeB: across, shape, bits };
    return multiply(device, { a, b, scales, ...(bias && { bias }) }, sizes);
  }),
  kernel(quantizedRowsOp, (device, { values, scales, ids }, { columns, bits }, shape) => {
    const y = device.output(shape);
    const [count, words, groups] = [values.shape[0]!, wordsInRow(columns, bits), groupsInRow(columns)];
    for (const positions of rowRanges(device, sizeOf(ids), [columns]))
      for (const range of rowRanges(device, count, [words, groups]))
        device.perform({
          shader: rows(bits),
          reads: [rowsOf(values, range, words), rowsOf(scales, range, groups), rowsOf(ids, positions, 1)],
          writes: [rowsOf(y, positions, columns)],
          given: [positions.count, columns, count, range.first, range.first + range.count, Number.NaN],
          groups: [Math.min(positions.count, 65535)],
        });
    return y;
  }),
];
