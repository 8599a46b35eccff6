import { swigluOp } from "../../ops/activations.ts";
import type { Handle } from "./binding.ts";
import { gradientKernel, kernel } from "./kernel.ts";
import type { Work } from "./work.ts";

function sigmoid(work: Work, pass: "forward" | "gradient", gate: Handle): Handle {
  return work.once(pass, [gate], "swiglu", () => [work.floats("Sigmoid", gate)])[0]!;
}

export const swigluKernels = [
  kernel(swigluOp, (work, { gate, up }) => work.multiply(work.multiply(gate, sigmoid(work, "forward", gate)), up)),
  gradientKernel(swigluOp, (work, { gate, up, dy }, { wanted }) => {
    const s = sigmoid(work, "gradient", gate);
    const gradients: Record<string, () => Handle> = {
      gate() {
        // SigmoidGrad(s, a) is a·s·(1 − s).
        const slope = work.add(s, work.floats("SigmoidGrad", s, gate));
        return work.multiply(work.multiply(dy, up), slope);
      },
      up: () => work.multiply(work.multiply(gate, s), dy),
    };
    return wanted.map((name) => gradients[name]!());
  }),
];
