import { sizeOf } from "./device.ts";
import { elementwise, performElementwise } from "./elementwise.ts";
import type { KernelDefinition } from "./kernel.ts";

/** `b` serves as often as it must: it has the shape of the last axes of `a`. */
function combination(name: string, sign: string): KernelDefinition {
  const inputs = { a: "T", b: "T" } as const;
  const equal = elementwise({ inputs, formula: () => `y[i] = a[i] ${sign} b[i];` });
  const repeated = elementwise({
    inputs,
    given: { columns: "u32" },
    formula: () => `y[i] = a[i] ${sign} b[(given.first + i) % given.columns];`,
  });
  return {
    name,
    run(device, { a, b }) {
      const y = device.output(a!.shape);
      const columns = sizeOf(b!);
      if (columns === sizeOf(y)) performElementwise(device, equal, y, [a!, b!]);
      else {
        const wide = columns % 4 === 0;
        performElementwise(device, repeated, y, [a!, b!], [wide ? columns / 4 : columns], wide);
      }
      return y;
    },
  };
}

const scaled = elementwise({
  inputs: { x: "T" },
  given: { factor: "f32" },
  formula: () => "y[i] = x[i] * given.factor;",
});

const scale: KernelDefinition = {
  name: "FlamingoScale",
  run(device, { x }, { factor }: { factor: number }) {
    const y = device.output(x!.shape);
    performElementwise(device, scaled, y, [x!], [factor]);
    return y;
  },
};

// Beyond 15 tanh is 1 to the last bit, and some drivers give NaN.
const opened = "tanh(clamp(gate[0], -15.0, 15.0))";

const gatedSum = elementwise({
  inputs: { x: "T", change: "T", gate: "f32" },
  formula: () => `y[i] = x[i] + ${opened} * change[i];`,
});

const gatedAdd: KernelDefinition = {
  name: "FlamingoGatedAdd",
  run(device, { x, update, gate }) {
    const y = device.output(x!.shape);
    performElementwise(device, gatedSum, y, [x!, update!, gate!]);
    return y;
  },
};

const gated = elementwise({ inputs: { dy: "T", gate: "f32" }, formula: () => `y[i] = ${opened} * dy[i];` });

const gateUpdate: KernelDefinition = {
  name: "FlamingoGateUpdate",
  run(device, { dy, gate }) {
    const y = device.output(dy!.shape);
    performElementwise(device, gated, y, [dy!, gate!]);
    return y;
  },
};

const accumulated = elementwise({ inputs: { part: "T" }, formula: () => "y[i] += part[i];" });

/** total += part, in place. */
const accumulate: KernelDefinition = {
  name: "FlamingoAccumulate",
  run(device, { total, part }) {
    performElementwise(device, accumulated, total!, [part!]);
    return [];
  },
};

export const elementwiseKernels = [
  ...[combination("FlamingoAdd", "+"), combination("FlamingoMultiply", "*")],
  ...[scale, gatedAdd, gateUpdate, accumulate],
];
