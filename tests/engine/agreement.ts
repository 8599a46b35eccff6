import fc from "fast-check";
import { expect } from "vitest";
import type { DeviceName } from "../../src/engine/device.ts";
import { valueAndGradients } from "../../src/engine/gradients.ts";
import { multiply } from "../../src/engine/multiply.ts";
import * as tf from "../../src/engine/tensor.ts";
import { openWasm } from "../../src/engine/wasm/backend.ts";
import { type Numbers, numbers, tensorOf } from "./numbers.ts";

/** Numbers that go in, and what is done with them. */
export interface Case {
  inputs: Record<string, Numbers>;
  run(inputs: Record<string, tf.Tensor>): tf.Tensor;
}

interface Outcome {
  shape: number[];
  output: Float32Array;
  gradients: Record<string, Float32Array>;
}

/** Sizes that end before, on and after the registers and panels of the kernels. */
export const size = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 33, 50);

export const seed = fc.integer({ min: 1, max: 2 ** 30 });

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

/**
 * On this device the case gives what the plain formula gives on `cpu`, and leaves no tensor behind. `wasm` shares even the
 * smallest work among three threads, so that sizes find threads with nothing to do.
 */
export async function agrees(device: DeviceName, one: Case): Promise<void> {
  const tolerance = device === "webgpu" ? 1e-3 : 2e-5;
  await tf.setBackend("cpu");
  const expected = await evaluate(one);
  if (device === "wasm") await openWasm({ threads: 3, shareAll: true });
  await tf.setBackend(device);
  const before = tf.memory().numTensors;
  const actual = await evaluate(one);
  expect(tf.memory().numTensors, "tensors left behind").toBe(before);
  expect(actual.shape).toEqual(expected.shape);
  expectNear("output", actual.output, expected.output, tolerance);
  for (const name of Object.keys(one.inputs))
    expectNear(`gradient of ${name}`, actual.gradients[name]!, expected.gradients[name]!, 5 * tolerance);
}

/** How often a property is tried: an emulated GPU takes its time. */
export function tries(device: DeviceName): fc.Parameters<unknown> {
  return { seed: 20260, numRuns: device === "webgpu" ? 3 : 12 };
}

/** The largest error is small beside the largest number. */
function expectNear(what: string, actual: Float32Array, expected: Float32Array, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  const largest = expected.reduce((most, number) => Math.max(most, Math.abs(number)), 1e-3);
  const errors = actual.map((number, at) => Math.abs(number - expected[at]!));
  const worst = errors.reduce((most, error) => Math.max(most, error), 0);
  expect(worst / largest, `${what}: largest error over largest number`).toBeLessThanOrEqual(tolerance);
}
