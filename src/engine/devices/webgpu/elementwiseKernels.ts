import { sizeOf } from "../../../core/shape.ts";
import { accumulateOp } from "../../autodiff/tape.ts";
import { addOp, gatedAddOp, gateUpdateOp, multiplyOp, scaleOp } from "../../ops/elementwise.ts";
import { elementwise, performElementwise } from "./elementwise.ts";
import { tanhOf } from "./functions.ts";
import { inPlaceKernel, kernel } from "./kernel.ts";

/** `b` serves as often as it must: it has the shape of the last axes of `a`. */
function combination(operation: typeof addOp, sign: string) {
  const inputs = { a: "T", b: "T" } as const;
  const equal = elementwise({ inputs, formula: () => `y[i] = a[i] ${sign} b[i];` });
  const repeated = elementwise({
    inputs,
    given: { columns: "u32" },
    formula: () => `y[i] = a[i] ${sign} b[(given.first + i) % given.columns];`,
  });
  return kernel(operation, (device, { a, b }, _, shape) => {
    const y = device.output(shape);
    const columns = sizeOf(b);
    if (columns === sizeOf(y)) performElementwise(device, equal, y, [a, b]);
    else {
      const wide = columns % 4 === 0;
      performElementwise(device, repeated, y, [a, b], [wide ? columns / 4 : columns], wide);
    }
    return y;
  });
}

const scaled = elementwise({
  inputs: { x: "T" },
  given: { factor: "f32" },
  formula: () => "y[i] = x[i] * given.factor;",
});

const opened = "safe_tanh(gate[0])";
const functions = () => tanhOf("f32");

const gatedSum = elementwise({
  inputs: { x: "T", change: "T", gate: "f32" },
  functions,
  formula: () => `y[i] = x[i] + ${opened} * change[i];`,
});

const gated = elementwise({ inputs: { dy: "T", gate: "f32" }, functions, formula: () => `y[i] = ${opened} * dy[i];` });

const accumulated = elementwise({ inputs: { part: "T" }, formula: () => "y[i] += part[i];" });

export const elementwiseKernels = [
  combination(addOp, "+"),
  combination(multiplyOp, "*"),
  kernel(scaleOp, (device, { x }, { factor }, shape) => {
    const y = device.output(shape);
    performElementwise(device, scaled, y, [x], [factor]);
    return y;
  }),
  kernel(gatedAddOp, (device, { x, update, gate }, _, shape) => {
    const y = device.output(shape);
    performElementwise(device, gatedSum, y, [x, update, gate]);
    return y;
  }),
  kernel(gateUpdateOp, (device, { dy, gate }, _, shape) => {
    const y = device.output(shape);
    performElementwise(device, gated, y, [dy, gate]);
    return y;
  }),
  inPlaceKernel(accumulateOp, (device, { total, part }) => performElementwise(device, accumulated, total, [part])),
];
