import fc from "fast-check";
import { expect } from "vitest";
import type { DeviceName } from "../../src/engine/devices/device.ts";
import { openWasm, type WasmOptions } from "../../src/engine/devices/wasm/backend.ts";
import * as tf from "../../src/engine/tensor.ts";
import { type Case, evaluate, relativeError } from "./evaluate.ts";

/** Sizes that end before, on and after the registers and panels of the kernels. */
export const size = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 33, 50);

export const seed = fc.integer({ min: 1, max: 2 ** 30 });

/**
 * On this device the case gives what the plain formula gives on `cpu`, and leaves no tensor behind. `wasm` shares even the
 * smallest work among three threads, so that sizes find threads with nothing to do.
 */
export async function agrees(device: DeviceName, one: Case, settings: WasmOptions = {}): Promise<void> {
  const tolerance = device === "webgpu" ? 1e-4 : 2e-5;
  await tf.setBackend("cpu");
  const expected = await evaluate(one);
  if (device === "wasm") await openWasm({ threads: 3, shareAll: true, ...settings });
  await tf.setBackend(device);
  const before = tf.memory().numTensors;
  const actual = await evaluate(one);
  expect(tf.memory().numTensors, "tensors left behind").toBe(before);
  expect(actual.shape).toEqual(expected.shape);
  expectNear("output", actual.output, expected.output, tolerance);
  for (const name of Object.keys(one.inputs))
    expectNear(`gradient of ${name}`, actual.gradients[name]!, expected.gradients[name]!, 5 * tolerance);
}

/** How often a property is tried: an emulated GPU compiles each kind of kernel anew. */
export function tries(device: DeviceName): fc.Parameters<unknown> {
  return { seed: 20260, numRuns: device === "webgpu" ? 12 : 30 };
}

/** The largest error is small beside the largest number. */
function expectNear(what: string, actual: Float32Array, expected: Float32Array, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  expect(relativeError(actual, expected), `${what}: largest error over largest number`).toBeLessThanOrEqual(tolerance);
}
