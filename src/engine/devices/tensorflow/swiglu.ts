import type { Handle } from "./binding.ts";
import type { KernelDefinition } from "./kernel.ts";
import type { Work } from "./work.ts";

function sigmoid(work: Work, pass: "forward" | "gradient", gate: Handle): Handle {
  return work.once(pass, [gate], "swiglu", () => [work.floats("Sigmoid", gate)])[0]!;
}

const swiglu: KernelDefinition = {
  name: "FlamingoSwiglu",
  run: (work, { gate, up }) => work.multiply(work.multiply(gate!, sigmoid(work, "forward", gate!)), up!),
};

const swigluGradient: KernelDefinition = {
  name: "FlamingoSwigluGradient",
  run(work, { gate, up, dy }, { wanted }: { wanted: readonly string[] }) {
    const s = sigmoid(work, "gradient", gate!);
    const gradients: Record<string, () => Handle> = {
      gate() {
        // SigmoidGrad(s, a) is a·s·(1 − s).
        const slope = work.add(s, work.floats("SigmoidGrad", s, gate!));
        return work.multiply(work.multiply(dy!, up!), slope);
      },
      up: () => work.multiply(work.multiply(gate!, s), dy!),
    };
    return wanted.map((name) => gradients[name]!());
  },
};

export const swigluKernels = [swiglu, swigluGradient];
