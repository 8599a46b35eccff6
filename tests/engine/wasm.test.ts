import { afterEach, expect, test, vi } from "vitest";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { memoryUse } from "../../src/engine/memory.ts";
import { quickGelu } from "../../src/engine/ops/activations.ts";
import { linear, matMul } from "../../src/engine/ops/matMul.ts";
import * as tf from "../../src/engine/tensor.ts";
import { numbers, tensorOf } from "./numbers.ts";

afterEach(() => {
  vi.resetModules();
  vi.doUnmock("../../src/engine/devices/wasm/module.ts");
});

/** A product and an activation large enough for all threads, and the weight's gradient. */
async function compute(): Promise<Float32Array[]> {
  const weight = tf.variable(tensorOf(numbers([70, 90], 1)));
  const x = tensorOf(numbers([130, 90], 2));
  const { value, gradients } = valueAndGradients(() => tf.sum(quickGelu(linear(x, weight))), [weight]);
  const results = await Promise.all([value, gradients[0]!].map((one) => one.data()));
  tf.dispose([weight, x, value, gradients[0]!]);
  return results as Float32Array[];
}

test("where threads cannot start, wasm computes with TensorFlow.js' own kernels and says why", async () => {
  vi.doMock("../../src/engine/devices/wasm/module.ts", () => ({
    loadSharedBackend: () => Promise.reject(new Error("no shared memory here")),
  }));
  const { openWasm } = await import("../../src/engine/devices/wasm/backend.ts");
  const device = await openWasm({ threads: 2 });
  expect(device).toMatchObject({ threads: 1, note: expect.stringContaining("no shared memory here") });
  const [value, gradient] = await compute();
  await tf.setBackend("cpu");
  const [expected, expectedGradient] = await compute();
  expect(value).toBeAllclose(expected!, { relative: 1e-4 });
  expect(gradient).toBeAllclose(expectedGradient!, { relative: 1e-4, absolute: 1e-4 });
});

test("threads change nothing but the time: three, one and two agree, and each repeats its own bits", async () => {
  const { openWasm } = await import("../../src/engine/devices/wasm/backend.ts");
  for (const threads of [3, 1, 2]) {
    expect(await openWasm({ threads, shareAll: true })).toMatchObject({ threads, simd: true });
    const results = await compute();
    expect(await compute()).toEqual(results);
    await tf.setBackend("cpu");
    const [value, gradient] = await compute();
    expect(results[0]).toBeAllclose(value!, { relative: 1e-4 });
    expect(results[1]).toBeAllclose(gradient!, { relative: 1e-4, absolute: 1e-4 });
  }
});

test("a product has the same bits however many threads share it, of few rows and of many, to columns that fill no tile", async () => {
  const { openWasm } = await import("../../src/engine/devices/wasm/backend.ts");
  const products = async (threads: number) => {
    await openWasm({ threads, shareAll: true });
    const found: number[][] = [];
    for (const rows of [1, 4, 8, 13])
      for (const columns of [24, 56, 100, 519])
        for (const transposeB of [false, true]) {
          const b = transposeB ? [columns, 67] : [67, columns];
          const product = tf.tidy(() =>
            matMul(tensorOf(numbers([rows, 67], 1)), tensorOf(numbers(b, 2)), { transposeB }),
          );
          found.push(Array.from(await product.data()));
          product.dispose();
        }
    return found;
  };
  const alone = await products(1);
  for (const threads of [2, 3]) expect(await products(threads)).toEqual(alone);
});

test("a clone and a reshape are other names of the same numbers, and outlive the first", async () => {
  const { openWasm } = await import("../../src/engine/devices/wasm/backend.ts");
  await openWasm({ threads: 2 });
  const { bytes } = memoryUse();
  const x = tensorOf(numbers([6, 4], 1));
  const expected = Array.from(await x.data());
  const others = [x.clone(), x.reshape([2, 12]), tf.expandDims(x)];
  for (const other of others) expect(other.dataId).toBe(x.dataId);
  expect(memoryUse().bytes - bytes).toBe(4 * 24);
  x.dispose();
  for (const other of others) expect(Array.from(await other.data())).toEqual(expected);
  tf.dispose(others);
  expect(memoryUse().bytes).toBe(bytes);
});

test("memory grows past what it starts with, and running out is said clearly", async () => {
  const { openWasm } = await import("../../src/engine/devices/wasm/backend.ts");
  await openWasm({ threads: 2 });
  const large = tf.fill([64, 1024, 1024], 2);
  expect(Array.from(await tf.slice(large, [63, 1023, 1020], [1, 1, 4]).data())).toEqual([2, 2, 2, 2]);
  const [value] = await compute();
  expect(Number.isFinite(value![0])).toBe(true);
  large.dispose();
  expect(() => tf.fill([2048, 1024, 1024], 1)).toThrow(/no 8589934592 bytes left/);
});
