import { swigluOp } from "../../ops/activations.ts";
import { elementwise, performElementwise } from "./elementwise.ts";
import { sigmoid } from "./functions.ts";
import { gradientKernel, kernel } from "./kernel.ts";

const value = elementwise({
  inputs: { gate: "T", up: "T" },
  functions: sigmoid,
  formula: () => "y[i] = gate[i] * sigmoid(gate[i]) * up[i];",
});

const slopes: Record<string, ReturnType<typeof elementwise>> = {
  gate: elementwise({
    inputs: { gate: "T", up: "T", dy: "T" },
    functions: sigmoid,
    formula: () => "let s = sigmoid(gate[i]); y[i] = dy[i] * up[i] * (s + gate[i] * s * (1.0 - s));",
  }),
  up: elementwise({
    inputs: { gate: "T", dy: "T" },
    functions: sigmoid,
    formula: () => "y[i] = dy[i] * gate[i] * sigmoid(gate[i]);",
  }),
};

export const swigluKernels = [
  kernel(swigluOp, (device, { gate, up }, _, shape) => {
    const y = device.output(shape);
    performElementwise(device, value, y, [gate, up]);
    return y;
  }),
  gradientKernel(swigluOp, (device, { gate, up, dy }, { wanted }) =>
    wanted.map((name) => {
      const gradient = device.output(gate.shape);
      performElementwise(device, slopes[name]!, gradient, name === "gate" ? [gate, up, dy] : [gate, dy]);
      return gradient;
    }),
  ),
];
