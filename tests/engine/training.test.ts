import fc from "fast-check";
import { expect, test } from "vitest";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { gelu } from "../../src/engine/ops/activations.ts";
import { type AdamWParameter, adamW } from "../../src/engine/ops/adamW.ts";
import { crossEntropy } from "../../src/engine/ops/crossEntropy.ts";
import { add } from "../../src/engine/ops/elementwise.ts";
import { clipFactor, globalNorm } from "../../src/engine/ops/globalNorm.ts";
import { linear } from "../../src/engine/ops/matMul.ts";
import { layerNorm } from "../../src/engine/ops/norms.ts";
import * as tf from "../../src/engine/tensor.ts";
import { describeDevices } from "../devices.ts";
import { agrees, seed, size, tries } from "./agreement.ts";
import { evaluate } from "./evaluate.ts";
import { numbers, tensorOf } from "./numbers.ts";

const variableOf = (shape: number[], seed: number) => tf.tidy(() => tf.variable(tensorOf(numbers(shape, seed))));

describeDevices("training", (device) => {
  test("crossEntropy agrees with its plain formula, with targets that do not count", () =>
    fc.assert(
      fc.asyncProperty(
        size,
        fc.constantFrom(2, 5, 8, 33, 130),
        fc.constantFrom(1, 30),
        seed,
        async (rows, vocabulary, spread, seed) => {
          const drawn = numbers([rows], seed + 1, vocabulary).values;
          const targets = Int32Array.from(drawn, (number, at) => (at % 3 === 1 ? -100 : Math.abs(Math.trunc(number))));
          const inputs = { logits: numbers([rows, vocabulary], seed, spread) };
          await agrees(device, { inputs, run: ({ logits }) => crossEntropy(logits!, tf.tensor(targets)).loss });
        },
      ),
      tries(device),
    ));

  test("a loss without a target that counts is 0, with a gradient of 0", async () => {
    const logits = variableOf([2, 5], 1);
    const targets = tf.tensor([-100, -100], [2], "int32");
    const { value, gradients } = valueAndGradients(() => crossEntropy(logits, targets).loss, [logits]);
    await expect(value).toBeAllclose(0, { absolute: 0 });
    await expect(gradients[0]!).toBeAllclose(new Array(10).fill(0), { absolute: 0 });
    expect(Array.from(await crossEntropy(logits, targets).count.data())).toEqual([0]);
  });

  test("a variable that takes no part has no gradient, and what is used twice gets both", async () => {
    const [x, idle] = [variableOf([3], 1), variableOf([3], 2)];
    const { gradients } = valueAndGradients(() => tf.sum(add(tf.square(x), x)), [idle, x]);
    expect(gradients[0]).toBeNull();
    await expect(gradients[1]!).toBeAllclose(Array.from(await x.data(), (one) => 2 * one + 1));
  });

  test("a function that throws leaves no tensor and no tape behind", async () => {
    const x = variableOf([3], 1);
    const before = tf.memory().numTensors;
    const failing = () => {
      tf.square(x);
      throw new Error("on purpose");
    };
    expect(() => valueAndGradients(failing, [x])).toThrow("on purpose");
    expect(tf.memory().numTensors).toBe(before);
    const { gradients } = valueAndGradients(() => tf.sum(x), [x]);
    await expect(gradients[0]!).toBeAllclose([1, 1, 1]);
  });

  test("gradients are the slopes of the function: central differences", async () => {
    const run = ({ x, weight, gain }: Record<string, tf.Tensor>) => gelu(linear(layerNorm(x!, gain), weight!));
    const inputs = { x: numbers([3, 6], 1), weight: numbers([4, 6], 2), gain: numbers([6], 3) };
    const { gradients } = await evaluate({ inputs, run });
    const cotangent = numbers([3, 4], 77).values;
    const step = 1e-2;
    for (const [name, { shape, values }] of Object.entries(inputs))
      for (const at of [0, values.length - 1]) {
        const moved = async (by: number) => {
          const changed = values.map((number, place) => (place === at ? number + by : number));
          const { output } = await evaluate({ inputs: { ...inputs, [name]: { shape, values: changed } }, run });
          return output.reduce((sum, number, place) => sum + number * cotangent[place]!, 0);
        };
        const slope = ((await moved(step)) - (await moved(-step))) / (2 * step);
        expect(gradients[name]![at]).toBeCloseTo(slope, 2);
      }
  });

  test("adamW takes PyTorch's steps: decay beside the gradient, moments corrected, gradients clipped", async () => {
    const [value, m, v] = [tf.variable(tf.tensor([1, -2, 3])), tf.variable(tf.zeros([3])), tf.variable(tf.zeros([3]))];
    let [w, m1, v1] = [
      [1, -2, 3],
      [0, 0, 0],
      [0, 0, 0],
    ];
    for (let step = 1; step <= 3; step++) {
      const g = [0.5 * step, -0.1, 4];
      const norm = Math.hypot(...g);
      const gradient = tf.tensor(g);
      const parameters: AdamWParameter[] = [{ value, gradient, m, v, rate: 0.1, decay: 0.2 }];
      const clip = clipFactor(globalNorm([gradient]), 1);
      adamW(parameters, { step, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, clip });
      const clipped = g.map((one) => one * Math.min(1, 1 / (norm + 1e-6)));
      m1 = m1.map((one, at) => 0.9 * one + 0.1 * clipped[at]!);
      v1 = v1.map((one, at) => 0.99 * one + 0.01 * clipped[at]! ** 2);
      w = w.map((one, at) => {
        const change = m1[at]! / (1 - 0.9 ** step) / (Math.sqrt(v1[at]! / (1 - 0.99 ** step)) + 1e-8);
        return one * (1 - 0.1 * 0.2) - 0.1 * change;
      });
    }
    await expect(value).toBeAllclose(w, { relative: 1e-5 });
  });

  test("gradients that are not finite change no bit of weight or moments, other factors do", async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, -1e30]) {
      const state = ([1, -2, 3, 0] as const).map((start, at) => {
        const values = Float32Array.from(
          { length: 5 },
          (_, place) => (at === 2 ? Math.abs(start) : start) * (place - 0.3) ** 2,
        );
        return tf.tidy(() => tf.variable(tf.tensor(values)));
      });
      const [value, m, v] = state as [tf.Variable, tf.Variable, tf.Variable];
      const all = () => Promise.all(state.map(async (one) => Array.from(await one.data())));
      const before = await all();
      const gradient = tf.tensor([0.5, bad, 1, 0, -1]);
      const clip = clipFactor(globalNorm([gradient]), 1);
      const options = { step: 3, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };
      const parameters = [{ value, gradient, m, v, rate: 0.1, decay: 0.2 }];
      adamW(parameters, { ...options, clip });
      adamW(parameters, { ...options, clip: 0 });
      expect(await all()).toEqual(before);
      adamW([{ ...parameters[0]!, gradient: tf.ones([5]) }], { ...options, clip: tf.scalar(0.5) });
      expect(await all()).not.toEqual(before);
    }
  });

  test("clipFactor takes the loss scale out, and is 0 where the loss is no number", async () => {
    const norm = tf.scalar(640);
    await expect(clipFactor(norm, 1, { scale: 64 })).toBeAllclose(1 / (10 + 1e-6) / 64);
    await expect(clipFactor(norm, 100, { scale: 64, loss: tf.scalar(3) })).toBeAllclose(1 / 64, { absolute: 0 });
    for (const loss of [Number.NaN, Number.POSITIVE_INFINITY])
      await expect(clipFactor(norm, 100, { loss: tf.scalar(loss) })).toBeAllclose(0, { absolute: 0 });
  });

  test("a factor multiplies the gradients and not the value", async () => {
    const x = variableOf([3], 1);
    const { value, gradients } = valueAndGradients(() => tf.sum(tf.square(x)), [x], 8);
    const numbers = Array.from(await x.data());
    await expect(value).toBeAllclose(numbers.reduce((sum, one) => sum + one * one, 0));
    await expect(gradients[0]!).toBeAllclose(numbers.map((one) => 16 * one));
  });

  test("a clone of a weight keeps its numbers when the weight is updated", async () => {
    const [value, m, v] = [tf.variable(tf.ones([5])), tf.variable(tf.zeros([5])), tf.variable(tf.zeros([5]))];
    const kept = tf.clone(value);
    const parameters: AdamWParameter[] = [{ value, gradient: tf.ones([5]), m, v, rate: 0.1, decay: 0 }];
    adamW(parameters, { step: 1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
    await expect(kept).toBeAllclose([1, 1, 1, 1, 1], { absolute: 0 });
    await expect(value).toBeAllclose(new Array(5).fill(0.9));
  });

  test("the same step twice gives the same bits, and leaves no tensor behind", async () => {
    const run = async () => {
      const weights = [variableOf([33, 40], 1), variableOf([40], 2), variableOf([33], 3)] as const;
      const x = tensorOf(numbers([50, 40], 4));
      const targets = tf.tensor(Int32Array.from({ length: 50 }, (_, at) => at % 33));
      const before = tf.memory().numTensors;
      const loss = () => crossEntropy(linear(layerNorm(x, weights[1]), weights[0], weights[2]), targets).loss;
      const { value, gradients } = valueAndGradients(loss, weights);
      expect(tf.memory().numTensors).toBe(before + 4);
      const bits = await Promise.all([value, ...(gradients as tf.Tensor[])].map((one) => one.data()));
      tf.dispose([...weights, x, targets, value, ...(gradients as tf.Tensor[])]);
      return bits;
    };
    expect(await run()).toEqual(await run());
  });
});
