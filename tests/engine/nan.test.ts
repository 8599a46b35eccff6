import { expect, test } from "vitest";
import { GatedXattnDense } from "../../src/blocks/gatedXattnDense.ts";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { gelu, geluTanh, quickGelu, relu, silu, squaredRelu, swiglu, tanh } from "../../src/engine/ops/activations.ts";
import { attention } from "../../src/engine/ops/attention.ts";
import { crossEntropy } from "../../src/engine/ops/crossEntropy.ts";
import { gatedAdd } from "../../src/engine/ops/elementwise.ts";
import { layerNorm } from "../../src/engine/ops/norms.ts";
import * as tf from "../../src/engine/tensor.ts";
import { LiveBlock } from "../blocks/liveBlock.ts";
import { describeDevices } from "../devices.ts";
import { type Numbers, numbers, tensorOf } from "./numbers.ts";

/** The numbers with NaN, or another number, at these places. */
function spoilt({ shape, values }: Numbers, isSpoilt: (at: number) => boolean, by = Number.NaN): tf.Tensor {
  return tensorOf({ shape, values: values.map((number, at) => (isSpoilt(at) ? by : number)) });
}

const read = async (tensor: tf.Tensor) => Array.from(await tensor.data());

/** Rows of a result: whether each is as it was, number by number, or all NaN. */
async function rowsOf(actual: tf.Tensor, before: tf.Tensor): Promise<string[]> {
  const [now, then] = [await read(actual), await read(before)];
  const width = actual.shape.at(-1)!;
  return Array.from({ length: now.length / width }, (_, row) => {
    const [a, b] = [now, then].map((all) => all.slice(row * width, (row + 1) * width));
    if (a!.every(Number.isNaN)) return "NaN";
    const same = a!.every((number, at) => Math.abs(number - b![at]!) <= 1e-6 + 1e-5 * Math.abs(b![at]!));
    return same ? "same" : `changed to ${a}`;
  });
}

describeDevices("NaN", () => {
  const [heads, width, groupSize] = [2, 8, 3];
  const query = numbers([1, 4, width], 1);
  const [key, value] = [numbers([1, 2 * groupSize, width], 2), numbers([1, 2 * groupSize, width], 3)];
  const secondGroup = (at: number) => at >= groupSize * width;
  /** The first query sees the first group, the second the second, the third both, the last none. */
  const mask = () => tf.tensor([1, 0, 0, 1, 1, 1, 0, 0], [1, 4, 2], "int32");

  test.each([
    ["value", Number.NaN],
    ["value", Number.POSITIVE_INFINITY],
    ["key", Number.NaN],
  ])("in a %s (%d) reaches the queries that may attend to it, and no other", async (where, by) => {
    const options = { heads, mask: mask() };
    const [keys, values] =
      where === "key"
        ? [spoilt(key, secondGroup, by), tensorOf(value)]
        : [tensorOf(key), spoilt(value, secondGroup, by)];
    const before = attention(tensorOf(query), tensorOf(key), tensorOf(value), options);
    const rows = await rowsOf(attention(tensorOf(query), keys!, values!, options), before);
    expect([rows[0], rows[3]]).toEqual(["same", "same"]);
    const seen = Array.from(await attention(tensorOf(query), keys!, values!, options).data()).slice(width, 3 * width);
    expect(seen.every((number) => !Number.isFinite(number))).toBe(true);
  });

  test("in a value is seen by a query that takes the mean of all values", async () => {
    const options = { heads, mask: mask(), emptyRows: "uniform" as const };
    const before = attention(tensorOf(query), tensorOf(key), tensorOf(value), options);
    const after = attention(tensorOf(query), tensorOf(key), spoilt(value, secondGroup), options);
    expect(await rowsOf(after, before)).toEqual(["same", "NaN", "NaN", "NaN"]);
  });

  test("at a position reaches later positions of causal attention, and no earlier one, over several tiles", async () => {
    const length = 70;
    const [q, k, v] = [1, 2, 3].map((seed) => numbers([1, length, width], seed));
    for (const position of [0, 3, 40, 69]) {
      const there = (at: number) => Math.floor(at / width) === position;
      const before = attention(tensorOf(q!), tensorOf(k!), tensorOf(v!), { heads, causal: true });
      const after = attention(tensorOf(q!), spoilt(k!, there), spoilt(v!, there), { heads, causal: true });
      const expected = Array.from({ length }, (_, at) => (at < position ? "same" : "NaN"));
      expect(await rowsOf(after, before)).toEqual(expected);
    }
  });

  test("in the second image leaves the tokens of the first as they are, through a whole gated layer", async () => {
    const config = { dim: 8, visualDim: 6 };
    const block = new LiveBlock(GatedXattnDense, { config });
    for (const { group, variable } of block.weights.all()) if (group === "gate") variable.assign(tf.tensor([0.5]));
    const text = numbers([1, 4, 8], 4);
    const media = numbers([1, 2, 3, 6], 5);
    const locations = () => tf.tensor([1, 0, 1, 0], [1, 4], "int32");
    const run = (media: tf.Tensor) =>
      block.run({ text: tensorOf(text), media, locations: locations() }).text as tf.Tensor;
    const rows = await rowsOf(run(spoilt(media, (at) => at >= 3 * 6)), run(tensorOf(media)));
    expect(rows).toEqual(["same", "same", "NaN", "NaN"]);
  });

  test("in an update is not hidden by a closed gate, and a gate that is NaN is not hidden either", async () => {
    const [x, update] = [numbers([2, 6], 1), numbers([2, 6], 2)];
    const closed = gatedAdd(
      tensorOf(x),
      spoilt(update, (at) => at === 7),
      tf.tensor([0]),
    );
    expect((await read(closed)).map(Number.isNaN)).toEqual(Array.from({ length: 12 }, (_, at) => at === 7));
    const unknown = gatedAdd(tensorOf(x), tensorOf(update), tf.tensor([Number.NaN]));
    expect((await read(unknown)).every(Number.isNaN)).toBe(true);
    const gate = tf.tidy(() => tf.variable(tf.tensor([Number.NaN])));
    const { gradients } = valueAndGradients(() => tf.sum(gatedAdd(tensorOf(x), tensorOf(update), gate)), [gate]);
    expect(await read(gradients[0]!)).toEqual([Number.NaN]);
  });

  test.each(Object.entries({ gelu, geluTanh, quickGelu, relu, squaredRelu, silu, tanh }))(
    "stays NaN in %s",
    async (_, activation) => {
      for (const size of [6, 8]) {
        const y = activation(spoilt(numbers([size], 1), (at) => at === 1 || at === 5));
        const expected = Array.from({ length: size }, (_, at) => at === 1 || at === 5);
        expect((await read(y)).map(Number.isNaN)).toEqual(expected);
      }
    },
  );

  test("stays NaN in swiglu, and in the row of a norm", async () => {
    const y = swiglu(
      spoilt(numbers([8], 1), (at) => at === 3),
      tensorOf(numbers([8], 2)),
    );
    expect((await read(y)).map(Number.isNaN)).toEqual(Array.from({ length: 8 }, (_, at) => at === 3));
    const x = numbers([3, 4], 1);
    const normal = layerNorm(spoilt(x, (at) => at === 5));
    expect(await rowsOf(normal, layerNorm(tensorOf(x)))).toEqual(["same", "NaN", "same"]);
  });

  test("in logits whose target does not count changes neither loss nor gradient; in others the loss is not finite", async () => {
    const logits = numbers([3, 5], 1);
    const targets = () => tf.tensor([1, -100, 4], [3], "int32");
    const learn = async (start: tf.Tensor) => {
      const variable = tf.tidy(() => tf.variable(start));
      const { value, gradients } = valueAndGradients(() => crossEntropy(variable, targets()).loss, [variable]);
      return { loss: (await read(value))[0]!, gradient: await read(gradients[0]!) };
    };
    const before = await learn(tensorOf(logits));
    const ignored = await learn(spoilt(logits, (at) => at >= 5 && at < 10));
    expect(ignored.loss).toBeCloseTo(before.loss, 5);
    expect(ignored.gradient).toBeAllclose(before.gradient, { absolute: 1e-6 });
    expect((await learn(spoilt(logits, (at) => at === 12))).loss).not.toSatisfy(Number.isFinite);
  });
});
