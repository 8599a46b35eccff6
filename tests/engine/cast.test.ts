import fc from "fast-check";
import { expect, test } from "vitest";
import { multiply } from "../../src/engine/ops/elementwise.ts";
import * as tf from "../../src/engine/tensor.ts";
import { describeDevices } from "../devices.ts";
import { seed, size, tries } from "./agreement.ts";

describeDevices("numbers become floats on", (device) => {
  const sum = async (make: () => tf.Tensor) => {
    const total = tf.tidy(() => {
      const made = make();
      return tf.sum(multiply(made, made)); // an operation of ours, which takes a float's bits for a float's
    });
    const [number] = await total.data();
    total.dispose();
    return number;
  };

  test("from integers and truth values, also where they were computed on the device", async () => {
    await tf.setBackend(device);
    await fc.assert(
      fc.asyncProperty(size, size, seed, async (some, columns, start) => {
        const rows = 100 * some; // TensorFlow.js leaves a few numbers to the CPU
        const numbers = Int32Array.from({ length: rows * columns }, (_, at) => ((at * 7 + start) % 11) - 5);
        const whole = () => tf.tensor(numbers, [rows, columns], "int32");
        const squares = numbers.reduce((total, number) => total + number ** 2, 0);
        const zeros = numbers.filter((number) => number === 0).length;
        expect(await sum(() => tf.cast(whole(), "float32"))).toBe(squares);
        expect(await sum(() => tf.cast(tf.transpose(whole()), "float32"))).toBe(squares);
        expect(await sum(() => tf.cast(tf.equal(whole(), tf.scalar(0, "int32")), "float32"))).toBe(zeros);
      }),
      tries(device),
    );
  });

  test("also none at all", async () => {
    await tf.setBackend(device);
    const none = tf.tidy(() => tf.cast(tf.zeros([0, 3], "int32"), "float32"));
    expect([none.shape, none.dtype, Array.from(await none.data())]).toEqual([[0, 3], "float32", []]);
    none.dispose();
  });
});
