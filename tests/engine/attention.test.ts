import fc from "fast-check";
import { expect, test } from "vitest";
import { type AttentionOptions, alibiSlopes, attention, attentionWeights } from "../../src/engine/ops/attention.ts";
import { matMul } from "../../src/engine/ops/matMul.ts";
import * as tf from "../../src/engine/tensor.ts";
import { describeDevices } from "../devices.ts";
import { agrees, seed, tries } from "./agreement.ts";
import { numbers, tensorOf } from "./numbers.ts";

const sizes = fc.record({
  batch: fc.constantFrom(1, 2, 3),
  queries: fc.constantFrom(1, 3, 4, 7, 65, 70),
  groups: fc.constantFrom(1, 2, 3, 5),
  groupSize: fc.constantFrom(1, 3, 4, 16),
  heads: fc.constantFrom(1, 2, 3),
  depth: fc.constantFrom(1, 4, 5, 8, 17, 33),
  seed,
});

const switches = fc.record({
  causal: fc.boolean(),
  sloped: fc.boolean(),
  masked: fc.boolean(),
  emptyRows: fc.constantFrom("zero" as const, "uniform" as const),
});

describeDevices("attention", (device) => {
  test("agrees with its plain formula, forward and gradient, with every kind of mask", () =>
    fc.assert(
      fc.asyncProperty(sizes, switches, async (size, { causal, sloped, masked, emptyRows }) => {
        const { batch, queries, groups, groupSize, heads, depth, seed } = size;
        const keys = groups * groupSize;
        const mask = numbers([batch, queries, groups], seed + 9).values.map((number) => (number > 0 ? 1 : 0));
        const inputs = {
          query: numbers([batch, queries, heads * depth], seed, 2),
          key: numbers([batch, keys, heads * depth], seed + 1, 2),
          value: numbers([batch, keys, heads * depth], seed + 2),
        };
        const options = (): AttentionOptions => ({
          ...{ heads, causal, emptyRows },
          ...(sloped && { slopes: [0.5, 0.25, 0.125].slice(0, heads) }),
          ...(masked && { mask: tf.tensor(Int32Array.from(mask), [batch, queries, groups], "int32") }),
        });
        await agrees(device, { inputs, run: ({ query, key, value }) => attention(query!, key!, value!, options()) });
      }),
      tries(device),
    ));

  // Of a language model's heads: a thread of webgpu's kernels has so many channels of them that registers may run out.
  test.each([64, 96, 128])("agrees at heads of depth %d, over several tiles", async (depth) => {
    const [queries, keys, heads] = [67, 70, 2];
    const inputs = {
      query: numbers([1, queries, heads * depth], 1),
      key: numbers([1, keys, heads * depth], 2),
      value: numbers([1, keys, heads * depth], 3),
    };
    const options = { heads, causal: true, slopes: [0.5, 0.25] };
    await agrees(device, { inputs, run: ({ query, key, value }) => attention(query!, key!, value!, options) });
  });

  const [batch, queries, keys, heads, width] = [2, 5, 6, 2, 8];
  const query = () => tensorOf(numbers([batch, queries, width], 1));
  const key = () => tensorOf(numbers([batch, keys, width], 2));
  const value = () => tensorOf(numbers([batch, keys, width], 3));
  /** The first query of each batch element may attend to nothing, the others to the second half of the keys. */
  const mask = (type: "int32" | "bool") =>
    tf.tensor(
      Array.from({ length: batch * queries * 2 }, (_, at) => (at % (2 * queries) > 1 ? at % 2 : 0)),
      [batch, queries, 2],
      type,
    );

  test("a query that may attend to nothing gives zeros, or the mean of all values", async () => {
    const zero = attention(query(), key(), value(), { heads, mask: mask("int32") });
    const uniform = attention(query(), key(), value(), { heads, mask: mask("int32"), emptyRows: "uniform" });
    const first = (x: tf.Tensor) => tf.slice(x, [0, 0, 0], [batch, 1, width]);
    await expect(first(zero)).toBeAllclose(new Array(batch * width).fill(0), { absolute: 0 });
    await expect(first(uniform)).toBeAllclose(tf.mean(value(), 1, true), { relative: 1e-4 });
  });

  test("a mask of booleans means the same", async () => {
    const numbered = attention(query(), key(), value(), { heads, mask: mask("int32") });
    await expect(attention(query(), key(), value(), { heads, mask: mask("bool") })).toBeAllclose(numbered);
  });

  test("the weights for inspection are those it uses: they sum to 1 and give its result", async () => {
    const options = { heads, causal: true, slopes: [0.5, 0.1] };
    const weights = attentionWeights(query(), key(), options);
    expect(weights.shape).toEqual([batch, heads, queries, keys]);
    await expect(tf.sum(weights, -1)).toBeAllclose(tf.ones([batch, heads, queries]), { relative: 1e-4 });
    const split = tf.transpose(tf.reshape(value(), [batch, keys, heads, width / heads]), [0, 2, 1, 3]);
    const merged = tf.reshape(tf.transpose(matMul(weights, split), [0, 2, 1, 3]), [batch, queries, width]);
    await expect(attention(query(), key(), value(), options)).toBeAllclose(merged, { relative: 1e-4, absolute: 1e-5 });
  });

  test("a later key changes nothing for a causal query", async () => {
    const square = (seed: number) => tensorOf(numbers([1, 4, width], seed));
    const changed = tf.concat([tf.slice(square(5), [0, 0, 0], [1, 3, width]), tf.ones([1, 1, width])], 1);
    const before = (keys: tf.Tensor) =>
      tf.slice(attention(square(4), keys, keys, { heads, causal: true }), [0, 0, 0], [1, 3, width]);
    await expect(before(changed)).toBeAllclose(before(square(5)), { absolute: 0, relative: 0 });
  });

  test("heads that do not divide the width, and masks that do not divide the keys, are refused", () => {
    expect(() => attention(query(), key(), value(), { heads: 3 })).toThrow(/3 heads.*width 8/);
    const four = tf.ones([batch, queries, 4], "int32");
    expect(() => attention(query(), key(), value(), { heads, mask: four })).toThrow(/4 columns.*6 keys/);
  });
});

test("ALiBi's slopes are those of the paper, also for numbers of heads that are no power of two", () => {
  expect(alibiSlopes(8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((at) => 2 ** -at));
  expect(alibiSlopes(16)[0]).toBeCloseTo(2 ** -0.5);
  // The series of 8, then every second slope of 16, as MPT and BLOOM have them.
  expect(alibiSlopes(12)).toEqual([...alibiSlopes(8), ...[0.5, 1.5, 2.5, 3.5].map((at) => 2 ** -at)]);
  expect(alibiSlopes(1)).toEqual([2 ** -8]);
  for (const heads of [1, 2, 3, 5, 7, 20, 40]) expect(new Set(alibiSlopes(heads)).size).toBe(heads);
});
