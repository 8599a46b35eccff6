import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { openDevice } from "../../src/engine/devices/device.ts";
import { WebgpuDevice } from "../../src/engine/devices/webgpu/device.ts";
import { registerKernels } from "../../src/engine/devices/webgpu/registry.ts";
import { quickGelu, swiglu } from "../../src/engine/ops/activations.ts";
import { adamW } from "../../src/engine/ops/adamW.ts";
import { crossEntropy } from "../../src/engine/ops/crossEntropy.ts";
import { add, gatedAdd } from "../../src/engine/ops/elementwise.ts";
import { embedding } from "../../src/engine/ops/embedding.ts";
import { globalNorm } from "../../src/engine/ops/globalNorm.ts";
import { linear, matMul } from "../../src/engine/ops/matMul.ts";
import { layerNorm, rmsNorm } from "../../src/engine/ops/norms.ts";
import { rotary } from "../../src/engine/ops/rotary.ts";
import * as tf from "../../src/engine/tensor.ts";
import { devices } from "../devices.ts";
import { agrees, seed, tries } from "./agreement.ts";
import { computed, numbers, tensorOf } from "./numbers.ts";

/** Bytes that a shader may see of a tensor: what is larger must be divided, or it is an error. */
const limit = 32_768;

/** Of these rows 64 fit, and most of the matrices do not. */
const side = fc.constantFrom(17, 100, 127, 128);

describe.runIf(devices.includes("webgpu"))("tensors that a shader cannot see as a whole:", () => {
  beforeAll(async () => {
    await openDevice("webgpu", { allowSoftware: true });
    const backend = tf.engine().backend as unknown as ConstructorParameters<typeof WebgpuDevice>[0];
    registerKernels(new WebgpuDevice(backend, limit), backend.device.limits);
  });

  const property = (name: string, run: fc.IAsyncProperty<never>) =>
    test(name, () => fc.assert(run as fc.IAsyncProperty<unknown>, tries("webgpu")));

  property(
    "matMul, with every combination of transposes",
    fc.asyncProperty(
      fc.record({ m: side, n: side, k: side, seed }),
      fc.record({ transposeA: fc.boolean(), transposeB: fc.boolean() }),
      async ({ m, n, k, seed }, transposes) => {
        const inputs = {
          a: numbers(transposes.transposeA ? [k, m] : [m, k], seed),
          b: numbers(transposes.transposeB ? [n, k] : [k, n], seed + 1),
        };
        await agrees("webgpu", { inputs, run: ({ a, b }) => matMul(a!, b!, transposes) });
      },
    ) as never,
  );

  property(
    "linear, of a few rows and of many",
    fc.asyncProperty(
      fc.constantFrom([1, 300], [5, 190], [8, 260], [64, 128], [150, 100]),
      fc.constantFrom(100, 127, 128),
      seed,
      async ([rows, outputs], width, seed) => {
        const inputs = {
          ...{ x: numbers([rows!, width], seed), weight: numbers([outputs!, width], seed + 1) },
          bias: numbers([outputs!], seed + 2),
        };
        await agrees("webgpu", { inputs, run: ({ x, weight, bias }) => linear(x!, weight!, bias) });
      },
    ) as never,
  );

  property(
    "embedding, with ids of every range",
    fc.asyncProperty(fc.constantFrom(150, 300), side, fc.constantFrom(3, 200), seed, async (...drawn) => {
      const [rows, width, count, seed] = drawn;
      const ids = Int32Array.from({ length: count }, (_, at) => (at * 37 + seed) % rows);
      const inputs = { table: numbers([rows, width], seed + 1) };
      await agrees("webgpu", { inputs, run: ({ table }) => embedding(table!, tf.tensor(ids, [count], "int32")) });
    }) as never,
  );

  test("ids outside of the table give NaN, whatever the range", async () => {
    const table = tensorOf(numbers([300, 40], 1));
    const rows = Array.from(await embedding(table, computed([299, 300, -1])).data());
    expect(rows.map(Number.isNaN)).toEqual([0, 1, 1].flatMap((wrong) => new Array(40).fill(wrong === 1)));
  });

  test("elementwise operations, with a tail that continues over the ranges", async () => {
    const inputs = {
      ...{ x: numbers([150, 100], 1), tail: numbers([100], 2), update: numbers([150, 100], 3) },
      gate: numbers([1], 4),
    };
    await agrees("webgpu", {
      inputs,
      run: ({ x, tail, update, gate }) => gatedAdd(quickGelu(add(x!, tail!)), add(update!, x!), gate!),
    });
  });

  test("layerNorm, with weight and bias", async () => {
    const inputs = { x: numbers([150, 100], 1), weight: numbers([100], 2), bias: numbers([100], 3) };
    await agrees("webgpu", { inputs, run: ({ x, weight, bias }) => layerNorm(x!, weight!, bias!, 1e-2) });
  });

  test("swiglu and rmsNorm", async () => {
    const inputs = { gate: numbers([150, 100], 1), up: numbers([150, 100], 2), weight: numbers([100], 3) };
    const run = ({ gate, up, weight }: Record<string, tf.Tensor>) => rmsNorm(swiglu(gate!, up!), weight!, 1e-2);
    await agrees("webgpu", { inputs, run });
  });

  test("rotary, with heads on both sides of a cut", async () => {
    const inputs = { x: numbers([2, 41, 3 * 50], 1) };
    await agrees("webgpu", { inputs, run: ({ x }) => rotary(x!, { heads: 3, start: 5 }) });
  });

  test("cross-entropy of logits, and their gradient", async () => {
    const targets = Int32Array.from({ length: 200 }, (_, at) => (at % 7 === 0 ? -100 : (at * 13) % 50));
    const inputs = { logits: numbers([200, 50], 1, 2) };
    await agrees("webgpu", { inputs, run: ({ logits }) => crossEntropy(logits!, tf.tensor(targets)).loss });
  });

  test("a step of AdamW, with the norm of its gradient", async () => {
    const step = async (device: string) => {
      await tf.setBackend(device);
      const [value, m, v] = [1, 2, 3].map((seed) =>
        tf.tidy(() => tf.variable(tf.square(tensorOf(numbers([103, 101], seed))))),
      );
      const gradient = tensorOf(numbers([103, 101], 4));
      const clip = globalNorm([gradient]);
      const parameter = { value: value!, m: m!, v: v!, gradient, rate: 0.1, decay: 0.1 };
      adamW([parameter], { step: 2, beta1: 0.9, beta2: 0.99, epsilon: 1e-6, clip });
      return Promise.all([value!, m!, v!].map((one) => one.data()));
    };
    const expected = await step("cpu");
    for (const [at, one] of (await step("webgpu")).entries())
      expect(one).toBeAllclose(expected[at]!, { relative: 1e-3, absolute: 1e-4 });
  });

  test("what cannot be split is refused, with both sizes", async () => {
    await tf.setBackend("webgpu");
    const x = tf.ones([70, 300]);
    expect(() => matMul(x, tf.ones([300, 2]))).toThrow(/\[70,300\].*takes 84000 bytes.*at most 32768/);
    expect(() => matMul(tf.ones([3, 60, 60]), tf.ones([3, 60, 60]))).toThrow(/\[3,60,60\].*at most 32768/);
  });
});
