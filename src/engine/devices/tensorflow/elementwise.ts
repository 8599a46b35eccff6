import type { KernelDefinition } from "./kernel.ts";

const add: KernelDefinition = { name: "FlamingoAdd", run: (work, { a, b }) => work.add(a!, b!) };

const multiply: KernelDefinition = { name: "FlamingoMultiply", run: (work, { a, b }) => work.multiply(a!, b!) };

const scale: KernelDefinition = {
  name: "FlamingoScale",
  run: (work, { x }, { factor }: { factor: number }) => work.multiply(x!, factor),
};

const gatedAdd: KernelDefinition = {
  name: "FlamingoGatedAdd",
  run: (work, { x, update, gate }) => work.add(x!, work.multiply(update!, work.floats("Tanh", gate!))),
};

const gateUpdate: KernelDefinition = {
  name: "FlamingoGateUpdate",
  run: (work, { dy, gate }) => work.multiply(dy!, work.floats("Tanh", gate!)),
};

const gateGradient: KernelDefinition = {
  name: "FlamingoGateGradient",
  run(work, { dy, update, gate }) {
    const axes = dy!.shape.map((_, axis) => axis);
    const sum = work.reshape(work.reduce("Sum", work.multiply(dy!, update!), axes), gate!.shape);
    return work.floats("TanhGrad", work.floats("Tanh", gate!), sum);
  },
};

const squaredSum: KernelDefinition = {
  name: "FlamingoSquaredSum",
  run: (work, { x }) => work.multiply(work.floats("L2Loss", x!), 2),
};

export const elementwiseKernels = [add, multiply, scale, gatedAdd, gateUpdate, gateGradient, squaredSum];
