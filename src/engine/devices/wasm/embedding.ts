import { sizeOf } from "../../../core/shape.ts";
import { embeddingOp } from "../../ops/embedding.ts";
import { gradientKernel, kernel } from "./kernel.ts";

export const embeddingKernels = [
  kernel(embeddingOp, (device, { table, ids }, _, shape) => {
    const y = device.output(shape);
    const addresses = [device.address(table), device.address(ids, "int32"), device.address(y)];
    device.perform("embed", sizeOf(y), [...addresses, sizeOf(ids), table.shape[1]!]);
    return y;
  }),
  gradientKernel(embeddingOp, (device, { table, ids, dy }) => {
    const gradient = device.output(table.shape);
    const [rows, width] = table.shape as [number, number];
    const addresses = [device.address(dy), device.address(ids, "int32"), device.address(gradient)];
    device.perform("embedGradient", sizeOf(dy) + rows * width, [...addresses, sizeOf(ids), width, rows]);
    return [gradient];
  }),
];
