import { elementwise, performElementwise } from "./elementwise.ts";
import type { KernelDefinition } from "./kernel.ts";
import { sigmoid } from "./sigmoid.ts";

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

const swiglu: KernelDefinition = {
  name: "FlamingoSwiglu",
  run(device, { gate, up }) {
    const y = device.output(gate!.shape);
    performElementwise(device, value, y, [gate!, up!]);
    return y;
  },
};

const swigluGradient: KernelDefinition = {
  name: "FlamingoSwigluGradient",
  run(device, { gate, up, dy }, { wanted }: { wanted: readonly string[] }) {
    return wanted.map((name) => {
      const gradient = device.output(gate!.shape);
      performElementwise(device, slopes[name]!, gradient, name === "gate" ? [gate!, up!, dy!] : [gate!, dy!]);
      return gradient;
    });
  },
};

export const swigluKernels = [swiglu, swigluGradient];
