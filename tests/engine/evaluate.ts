import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { multiply } from "../../src/engine/ops/elementwise.ts";
import * as tf from "../../src/engine/tensor.ts";
import { type Numbers, numbers, tensorOf } from "./numbers.ts";

/** Numbers that go in, and what is done with them. */
export interface Case {
  inputs: Record<string, Numbers>;
  run(inputs: Record<string, tf.Tensor>): tf.Tensor;
}

export interface Outcome {
  shape: number[];
  output: Float32Array;
  gradients: Record<string, Float32Array>;
}

/** The output, and the gradients of Σ output·cotangent by every input, on the device that is open. */
export async function evaluate({ inputs, run }: Case): Promise<Outcome> {
  const names = Object.keys(inputs);
  const variables = names.map((name) => tf.tidy(() => tf.variable(tensorOf(inputs[name]!))));
  const named = Object.fromEntries(names.map((name, at) => [name, variables[at]!]));
  const output = tf.tidy(() => run(named));
  const cotangent = numbers(output.shape, 77);
  const { value, gradients } = valueAndGradients(() => tf.sum(multiply(run(named), tensorOf(cotangent))), variables);
  const outcome = {
    shape: output.shape,
    output: (await output.data()) as Float32Array,
    gradients: Object.fromEntries(
      await Promise.all(names.map(async (name, at) => [name, (await gradients[at]!.data()) as Float32Array])),
    ),
  };
  tf.dispose([output, value, ...(gradients as tf.Tensor[]), ...variables]);
  return outcome;
}

/** The largest error as a part of the largest number; NaN if one of them is. */
export function relativeError(actual: Float32Array, expected: Float32Array): number {
  const largest = expected.reduce((most, number) => Math.max(most, Math.abs(number)), 1e-3);
  const worst = actual.reduce((most, number, at) => Math.max(most, Math.abs(number - expected[at]!)), 0);
  return worst / largest;
}
