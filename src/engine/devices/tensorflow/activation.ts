import { type Activation, activationOp } from "../../ops/activations.ts";
import type { Handle } from "./binding.ts";
import { gradientKernel, kernel } from "./kernel.ts";
import type { Work } from "./work.ts";

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

/** z = x/√2, and Φ(x) = (1 + erf z)/2 */
function normal(work: Work, pass: "forward" | "gradient", x: Handle): { z: Handle; share: Handle } {
  const [z, share] = work.once(pass, [x], "normal", () => {
    const z = work.multiply(x, Math.SQRT1_2);
    return [z, work.multiply(work.add(work.floats("Erf", z), 1), 0.5)];
  });
  return { z: z!, share: share! };
}

/** Of the normal distribution's density, which is e^(this − z²). */
const logOfHighest = -0.5 * Math.log(2 * Math.PI);

/** (1 + tanh(√(2/π)·(x + 0.044715·x³)))/2 = sigmoid(2√(2/π)·(x + 0.044715·x³)), the share of x in GELU's approximation by tanh. */
const [steepness, cubic] = [2 * Math.sqrt(2 / Math.PI), 0.044715];
function geluTanhShare(work: Work, pass: "forward" | "gradient", x: Handle): Handle {
  const [share] = work.once(pass, [x], "geluTanh", () => {
    const exponent = work.multiply(
      work.multiply(x, steepness),
      work.add(work.multiply(work.floats("Square", x), cubic), 1),
    );
    return [work.floats("Sigmoid", exponent)];
  });
  return share!;
}

const formulas: Record<Activation, Formula> = {
  gelu: {
    value: (work, x) => work.multiply(x, normal(work, "forward", x).share),
    gradient(work, x, dy) {
      const { z, share } = normal(work, "gradient", x);
      const density = work.floats("Exp", work.floats("Sub", work.number(logOfHighest), work.floats("Square", z)));
      return work.multiply(dy, work.add(share, work.multiply(x, density)));
    },
  },
  quickGelu: swish(1.702),
  silu: swish(1),
  squaredRelu: {
    value: (work, x) => work.floats("Square", work.floats("Relu", x)),
    gradient: (work, x, dy) => work.multiply(dy, work.multiply(work.floats("Relu", x), 2)),
  },
  relu: {
    value: (work, x) => work.floats("Relu", x),
    gradient: (work, x, dy) => work.floats("ReluGrad", dy, x),
  },
  geluTanh: {
    value: (work, x) => work.multiply(x, geluTanhShare(work, "forward", x)),
    gradient(work, x, dy) {
      const s = geluTanhShare(work, "gradient", x);
      const rise = work.multiply(
        work.multiply(x, steepness),
        work.add(work.multiply(work.floats("Square", x), 3 * cubic), 1),
      );
      return work.multiply(dy, work.add(s, work.floats("SigmoidGrad", s, rise)));
    },
  },
  tanh: {
    value: (work, x) => work.floats("Tanh", x),
    // 1/cosh² keeps the digits that 1 − tanh² loses where tanh is near 1.
    gradient: (work, x, dy) => work.floats("RealDiv", dy, work.floats("Square", work.floats("Cosh", x))),
  },
};

export const activationKernels = [
  kernel(activationOp, (work, { x }, { activation }) => formulas[activation].value(work, x)),
  gradientKernel(activationOp, (work, { x, dy }, { activation }) => [formulas[activation].gradient(work, x, dy)]),
];
