import { elementwise, performElementwise } from "./elementwise.ts";
import type { KernelDefinition } from "./kernel.ts";

const functions = (T: string) => `
fn sigmoid(x: ${T}) -> ${T} { return 1.0 / (1.0 + exp(-clamp(x, ${T}(-80.0), ${T}(80.0)))); }`;

const value = elementwise({
  inputs: { gate: "T", up: "T" },
  functions,
  formula: () => "y[i] = gate[i] * sigmoid(gate[i]) * up[i];",
});

const slopes: Record<string, ReturnType<typeof elementwise>> = {
  gate: elementwise({
    inputs: { gate: "T", up: "T", dy: "T" },
    functions,
    formula: () => "let s = sigmoid(gate[i]); y[i] = dy[i] * up[i] * (s + gate[i] * s * (1.0 - s));",
  }),
  up: elementwise({
    inputs: { gate: "T", dy: "T" },
    functions,
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
