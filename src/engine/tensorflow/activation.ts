import type { Activation } from "../activation.ts";
import type { Handle } from "./binding.ts";
import type { KernelDefinition } from "./kernel.ts";
import type { Work } from "./work.ts";

interface Attributes {
  activation: Activation;
}

interface Formula {
  value(work: Work, x: Handle): Handle;
  /** The gradient by x, given that by the value. */
  gradient(work: Work, x: Handle, dy: Handle): Handle;
}

/** x·sigmoid(factor·x) */
const swish = (factor: number): Formula => {
  const steepened = (work: Work, x: Handle) => (factor === 1 ? x : work.multiply(x, factor));
  const sigmoid = (work: Work, pass: "forward" | "gradient", x: Handle) =>
    work.once(pass, [x], `sigmoid ${factor}`, () => [work.floats("Sigmoid", steepened(work, x))])[0]!;
  return {
    value: (work, x) => work.multiply(x, sigmoid(work, "forward", x)),
    gradient(work, x, dy) {
      const s = sigmoid(work, "gradient", x);
      // SigmoidGrad(s, a) is a·s·(1 − s).
      return work.multiply(dy, work.add(s, steepened(work, work.floats("SigmoidGrad", s, x))));
    },
  };
};

/** Φ(x) = (1 + erf(x/√2))/2 */
const normalShare = (work: Work, pass: "forward" | "gradient", x: Handle) =>
  work.once(pass, [x], "normal share", () => [
    work.multiply(work.add(work.floats("Erf", work.multiply(x, Math.SQRT1_2)), 1), 0.5),
  ])[0]!;

const formulas: Record<Activation, Formula> = {
  gelu: {
    value: (work, x) => work.multiply(x, normalShare(work, "forward", x)),
    gradient(work, x, dy) {
      const density = work.multiply(
        work.floats("Exp", work.multiply(work.floats("Square", x), -0.5)),
        1 / Math.sqrt(2 * Math.PI),
      );
      return work.multiply(dy, work.add(normalShare(work, "gradient", x), work.multiply(x, density)));
    },
  },
  quickGelu: swish(1.702),
  silu: swish(1),
  squaredRelu: {
    value: (work, x) => work.floats("Square", work.floats("Relu", x)),
    gradient: (work, x, dy) => work.multiply(dy, work.multiply(work.floats("Relu", x), 2)),
  },
  tanh: {
    value: (work, x) => work.floats("Tanh", x),
    gradient: (work, x, dy) => work.floats("TanhGrad", work.floats("Tanh", x), dy),
  },
};

const activation: KernelDefinition = {
  name: "FlamingoActivation",
  run: (work, { x }, { activation }: Attributes) => formulas[activation].value(work, x!),
};

const activationGradient: KernelDefinition = {
  name: "FlamingoActivationGradient",
  run: (work, { x, dy }, { activation }: Attributes) => formulas[activation].gradient(work, x!, dy!),
};

export const activationKernels = [activation, activationGradient];
