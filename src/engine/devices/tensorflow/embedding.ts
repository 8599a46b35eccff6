import { sizeOf } from "../../../core/shape.ts";
import { embeddingOp } from "../../ops/embedding.ts";
import { gradientKernel, kernel } from "./kernel.ts";

export const embeddingKernels = [
  kernel(embeddingOp, (work, { table, ids }) =>
    work.run("GatherV2", [table, ids, work.integer(0)], work.device.attributes.gather),
  ),
  gradientKernel(embeddingOp, (work, { table, ids, dy }) => {
    const [rows, width] = table.shape as [number, number];
    const each = work.reshape(dy, [sizeOf(ids), width]);
    const flat = work.reshape(ids, [sizeOf(ids)]);
    return [work.run("UnsortedSegmentSum", [each, flat, work.integer(rows)], work.device.attributes.segmentSum)];
  }),
];
