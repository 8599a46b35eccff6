import { sizeOf } from "../../../core/shape.ts";
import { quantizedMatMulOp, quantizedRowsOp } from "../../ops/quantized.ts";
import { addressOrZero, kernel } from "./kernel.ts";

export const quantizedKernels = [
  kernel(quantizedMatMulOp, (device, { a, values, scales, bias }, { m, rows, columns, bits, across }, shape) => {
    const c = device.output(shape);
    const packed = [device.address(values, "int32"), device.address(scales)];
    const addresses = [device.address(a), ...packed, device.address(c), addressOrZero(device, bias)];
    const cost = Math.max(m, 4) * rows * columns;
    device.perform("quantizedMatMul", cost, [...addresses, m, rows, columns, bits, across ? 1 : 0]);
    return c;
  }),
  kernel(quantizedRowsOp, (device, { values, scales, ids }, { columns, bits }, shape) => {
    const y = device.output(shape);
    const packed = [device.address(values, "int32"), device.address(scales)];
    const addresses = [...packed, device.address(ids, "int32"), device.address(y)];
    device.perform("quantizedRows", sizeOf(y), [...addresses, sizeOf(ids), columns, bits]);
    return y;
  }),
];
