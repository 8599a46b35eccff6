import * as tf from "@tensorflow/tfjs";
import { describe, expect, test } from "vitest";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { registered } from "../../src/engine/kernels.ts";
import { gelu, swiglu } from "../../src/engine/ops/activations.ts";
import { attention } from "../../src/engine/ops/attention.ts";
import { unfold } from "../../src/engine/ops/convolution.ts";
import { crossEntropy } from "../../src/engine/ops/crossEntropy.ts";
import { add, gatedAdd, multiply } from "../../src/engine/ops/elementwise.ts";
import { embedding } from "../../src/engine/ops/embedding.ts";
import { linear } from "../../src/engine/ops/matMul.ts";
import { layerNorm } from "../../src/engine/ops/norms.ts";
import { defineOperation, gradientName } from "../../src/engine/ops/operation.ts";
import type { Tensor } from "../../src/engine/tensor.ts";
import { describeDevices } from "../devices.ts";
import { agrees } from "./agreement.ts";
import { computed, numbers, tensorOf } from "./numbers.ts";

/** Runs something on a device that lacks these kernels. */
async function without(names: readonly string[], run: () => Promise<void>): Promise<void> {
  const backend = tf.getBackend();
  const removed = names.map(registered).map((name) => tf.getKernel(name, backend));
  for (const kernel of removed) if (kernel) tf.unregisterKernel(kernel.kernelName, backend);
  try {
    await run();
  } finally {
    for (const kernel of removed) if (kernel) tf.registerKernel(kernel);
  }
}

const [batch, length, width] = [2, 5, 8];
const x = numbers([batch, length, width], 1);
const mask = () => tf.tensor([1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1, 1, 0, 1, 0, 1, 0, 0], [batch, length, 2], "int32");

/** An example of each kind of operation: with a gradient of its own, and with a kernel for it. */
const examples: Record<string, { inputs: Record<string, typeof x>; run(inputs: Record<string, Tensor>): Tensor }> = {
  Activation: { inputs: { x }, run: ({ x }) => gelu(x!) },
  Swiglu: { inputs: { gate: x, up: numbers(x.shape, 2) }, run: ({ gate, up }) => swiglu(gate!, up!) },
  LayerNorm: {
    inputs: { x, weight: numbers([width], 2), bias: numbers([width], 3) },
    run: ({ x, weight, bias }) => layerNorm(x!, weight, bias),
  },
  Attention: {
    inputs: { query: x, key: numbers([batch, 4, width], 2), value: numbers([batch, 4, width], 3) },
    run: ({ query, key, value }) => attention(query!, key!, value!, { heads: 2, mask: mask() }),
  },
  Embedding: {
    inputs: { table: numbers([6, width], 1) },
    run: ({ table }) => embedding(table!, tf.tensor([0, 5, 2, 2], [4], "int32")),
  },
  Unfold: { inputs: { x: numbers([2, 5, 4, 3], 1) }, run: ({ x }) => unfold(x!, 3, 2, 1) },
  MatMul: {
    inputs: { x, weight: numbers([3, width], 2), bias: numbers([3], 3) },
    run: ({ x, weight, bias }) => linear(x!, weight!, bias),
  },
  GatedAdd: {
    inputs: { x, update: numbers(x.shape, 2), gate: numbers([1], 3) },
    run: ({ x, update, gate }) => gatedAdd(x!, update!, gate!),
  },
  CrossEntropy: {
    inputs: { logits: numbers([4, 6], 1) },
    run: ({ logits }) => crossEntropy(logits!, tf.tensor([1, -100, 5, 0], [4], "int32")).loss,
  },
};

describeDevices("an operation", (device) => {
  test.each(Object.entries(examples))("%s runs by its formula where there is no kernel for it", (name, example) =>
    without([name], () => agrees(device, example)),
  );

  test.each(Object.entries(examples))(
    "%s has the derivative of its formula where there is no kernel for its gradient",
    (name, example) => without([gradientName(name)], () => agrees(device, example)),
  );

  test("has a gradient for TensorFlow.js as well", async () => {
    await tf.setBackend(device);
    const [a, b] = [tensorOf(x), tensorOf(numbers([width], 2))];
    const f = (a: Tensor, b: Tensor) => tf.sum(multiply(gelu(add(a, b)), add(a, b))) as tf.Scalar;
    const [da, db] = tf.grads(f as (...tensors: Tensor[]) => Tensor)([a, b]);
    const [va, vb] = tf.tidy(() => [tf.variable(a), tf.variable(b)]);
    const { gradients } = valueAndGradients(() => f(va!, vb!), [va!, vb!]);
    await expect(da!).toBeAllclose(gradients[0]!, { relative: 1e-4, absolute: 1e-4 });
    await expect(db!).toBeAllclose(gradients[1]!, { relative: 1e-4, absolute: 1e-4 });
  });

  test("refuses ids and targets that do not exist, on every device in the same words", () => {
    const table = tensorOf(numbers([3, 4], 1));
    const logits = tensorOf(numbers([2, 3], 1));
    const ids = (...values: number[]) => tf.tensor(values, [values.length], "int32");
    for (const wrong of [3, -1]) {
      const refusal = (message: string) => expect.objectContaining({ code: "INVALID_DATA", message });
      expect(() => embedding(table, ids(0, wrong))).toThrow(refusal(`id ${wrong} is not in a table of 3 rows`));
      expect(() => crossEntropy(logits, ids(0, wrong))).toThrow(refusal(`target ${wrong} is not in a vocabulary of 3`));
    }
    expect(() => crossEntropy(logits, ids(0, -100))).not.toThrow();
  });

  test("refuses slopes that are not one for each head", () => {
    const one = tensorOf(x);
    expect(() => attention(one, one, one, { heads: 2, slopes: [1] })).toThrow("there are 1 slopes for 2 heads");
  });
});

describe("a definition", () => {
  const doubled = defineOperation<{ x: Tensor }, { factor: number }>({
    name: "TestScale",
    check(_, { factor }) {
      if (factor === 0) throw new Error("by nothing");
    },
    shape: ({ x }) => x.shape,
    formula: ({ x }, { factor }) => tf.mul(x, factor),
  });

  test("is checked before it runs, and its formula is differentiated", async () => {
    await tf.setBackend("cpu");
    expect(() => doubled.run({ x: tf.ones([2]) }, { factor: 0 })).toThrow("by nothing");
    expect(doubled.hasKernel()).toBe(false);
    const x = tf.tidy(() => tf.variable(tf.ones([2])));
    const { value, gradients } = valueAndGradients(() => tf.sum(doubled.run({ x }, { factor: 3 })), [x]);
    await expect(value).toBeAllclose(6);
    await expect(gradients[0]!).toBeAllclose([3, 3]);
  });

  test("takes the kernel that a device registers for it, and numbers only the device has are still checked", async () => {
    await tf.setBackend("cpu");
    tf.registerKernel({
      kernelName: registered("TestScale"),
      backendName: "cpu",
      kernelFunc: ({ inputs }) => tf.add(inputs.x as Tensor, 100),
    });
    await expect(doubled.run({ x: tf.ones([2]) }, { factor: 3 })).toBeAllclose([101, 101]);
    tf.unregisterKernel(registered("TestScale"), "cpu");
    expect(() => embedding(tf.ones([2, 2]), computed([2]))).toThrow("id 2 is not in a table of 2 rows");
  });
});
