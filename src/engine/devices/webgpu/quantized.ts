import { type Bits, groupsInRow, wordsInRow } from "../../../core/quantization.ts";
import { sizeOf } from "../../../core/shape.ts";
import { quantizedMatMulOp, quantizedRowsOp } from "../../ops/quantized.ts";
import { kernel } from "./kernel.ts";
import { multiply } from "./matMul.ts";
import { rowLookup } from "./rowLookup.ts";
import { rowRanges, rowsOf } from "./rowRanges.ts";
import { remembered } from "./shader.ts";
import { unpack } from "./unpack.ts";

const rows = remembered((bits: Bits) => ({
  reads: { values: "i32", scales: "f32", ids: "i32" },
  functions: unpack("values", bits),
  ...rowLookup("unpack_one(row, i, given.width)"),
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
