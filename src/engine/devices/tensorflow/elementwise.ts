import { sizeOf } from "../../../core/shape.ts";
import {
  addOp,
  gatedAddOp,
  gateGradientOp,
  gateUpdateOp,
  multiplyOp,
  scaleOp,
  sumRowsOp,
} from "../../ops/elementwise.ts";
import { squaredSumOp } from "../../ops/globalNorm.ts";
import { kernel } from "./kernel.ts";

export const elementwiseKernels = [
  kernel(addOp, (work, { a, b }) => work.add(a, b)),
  kernel(multiplyOp, (work, { a, b }) => work.multiply(a, b)),
  kernel(scaleOp, (work, { x }, { factor }) => work.multiply(x, factor)),
  kernel(sumRowsOp, (work, { x }, { shape }) => {
    const columns = sizeOf({ shape });
    const rows = work.reshape(x, [sizeOf(x) / columns, columns]);
    return work.reshape(work.reduce("Sum", rows, [0]), shape);
  }),
  kernel(gatedAddOp, (work, { x, update, gate }) => work.add(x, work.multiply(update, work.floats("Tanh", gate)))),
  kernel(gateUpdateOp, (work, { dy, gate }) => work.multiply(dy, work.floats("Tanh", gate))),
  kernel(gateGradientOp, (work, { dy, update, gate }) => {
    const axes = dy.shape.map((_, axis) => axis);
    const sum = work.reshape(work.reduce("Sum", work.multiply(dy, update), axes), gate.shape);
    return work.floats("TanhGrad", work.floats("Tanh", gate), sum);
  }),
  kernel(squaredSumOp, (work, { x }) => work.multiply(work.floats("L2Loss", x), 2)),
];
