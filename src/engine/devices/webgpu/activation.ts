import { type Activation, activationOp } from "../../ops/activations.ts";
import { elementwise, performElementwise } from "./elementwise.ts";
import { sigmoid, tanhOf } from "./functions.ts";
import { gradientKernel, kernel } from "./kernel.ts";

/** erf by Abramowitz and Stegun 7.1.26, off by at most 1.5e-7; and what an activation of each kind and its slope are made of. */
const functions = (T: string) => `
fn erf(x: ${T}) -> ${T} {
  let t = 1.0 / (1.0 + 0.3275911 * abs(x));
  let series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return sign(x) * (1.0 - series * exp(-x * x));
}
fn below(x: ${T}) -> ${T} { return 0.5 * (1.0 + erf(0.70710678 * x)); }
fn density(x: ${T}) -> ${T} { return 0.39894228 * exp(-0.5 * x * x); }
${sigmoid(T)}
fn positive(x: ${T}) -> ${T} { return select(x, ${T}(0.0), x < ${T}(0.0)); }
fn isAbove(x: ${T}) -> ${T} { return select(${T}(0.0), ${T}(1.0), x > ${T}(0.0)); }
${tanhOf(T)}
fn slopeOfSigmoid(x: ${T}, c: f32) -> ${T} {
  let s = sigmoid(c * x);
  return s + c * x * s * (1.0 - s);
}
fn geluExponent(x: ${T}) -> ${T} { return 1.5957691216 * x * (1.0 + 0.044715 * x * x); }
fn slopeOfGeluTanh(x: ${T}) -> ${T} {
  let s = sigmoid(geluExponent(x));
  return s + 1.5957691216 * x * (1.0 + 0.134145 * x * x) * s * (1.0 - s);
}`;

const formulas: Record<Activation, { value: string; slope: string }> = {
  gelu: { value: "v * below(v)", slope: "below(v) + v * density(v)" },
  quickGelu: { value: "v * sigmoid(1.702 * v)", slope: "slopeOfSigmoid(v, 1.702)" },
  squaredRelu: { value: "positive(v) * positive(v)", slope: "2.0 * positive(v)" },
  silu: { value: "v * sigmoid(v)", slope: "slopeOfSigmoid(v, 1.0)" },
  relu: { value: "positive(v)", slope: "isAbove(v)" },
  geluTanh: { value: "v * sigmoid(geluExponent(v))", slope: "slopeOfGeluTanh(v)" },
  tanh: { value: "safe_tanh(v)", slope: "1.0 - safe_tanh(v) * safe_tanh(v)" },
};

const shaders = Object.fromEntries(
  Object.entries(formulas).map(([name, { value, slope }]) => [
    name,
    {
      value: elementwise({ inputs: { x: "T" }, functions, formula: () => `let v = x[i]; y[i] = ${value};` }),
      slope: elementwise({
        inputs: { x: "T", dy: "T" },
        functions,
        formula: () => `let v = x[i]; y[i] = dy[i] * (${slope});`,
      }),
    },
  ]),
) as Record<Activation, Record<"value" | "slope", ReturnType<typeof elementwise>>>;

export const activationKernels = [
  kernel(activationOp, (device, { x }, { activation }, shape) => {
    const y = device.output(shape);
    performElementwise(device, shaders[activation].value, y, [x]);
    return y;
  }),
  gradientKernel(activationOp, (device, { x, dy }, { activation }) => {
    const dx = device.output(x.shape);
    performElementwise(device, shaders[activation].slope, dx, [x, dy]);
    return [dx];
  }),
];
