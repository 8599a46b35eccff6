import fc from "fast-check";
import { expect, test } from "vitest";
import { describeFit, mapWeights } from "../../src/weights/mappedWeights.ts";
import type { StoredTensor } from "../../src/weights/storedTensor.ts";

const floats = (...values: number[]): StoredTensor => ({
  dtype: "F64",
  shape: [values.length],
  data: Float64Array.from(values),
});
const ours = [
  { name: "q", shape: [2] },
  { name: "k", shape: [1] },
];
const names = [{ theirs: "model.qk", aliases: ["model.also"], ours: ["q", "k"] }];
const numbers = (tensors: [string, StoredTensor][], options = {}) => {
  const { weights, fit } = mapWeights(new Map(tensors), names, ours, options);
  return { fit: describeFit(fit), ...Object.fromEntries([...weights].map(([name, { data }]) => [name, [...data]])) };
};
const whole = { fit: [], q: [1, 2], k: [3] };

test("weights that another library keeps in one tensor are found under any of its names", () => {
  expect(numbers([["model.qk", floats(1, 2, 3)]])).toEqual(whole);
  expect(numbers([["model.also", floats(1, 2, 3)]])).toEqual(whole);
  expect(numbers([["module.model.qk", floats(1, 2, 3)]])).toEqual(whole);
  expect(numbers([["qk", floats(1, 2, 3)]], { prefix: "model." })).toEqual(whole);
  // Under both names it is there twice, and neither is unexpected.
  expect(
    numbers([
      ["model.qk", floats(1, 2, 3)],
      ["model.also", floats(9, 9, 9)],
    ]),
  ).toEqual(whole);
});

test("what does not fit is told by name, but for what may stand there", () => {
  expect(numbers([["model.mask", floats(1)]], { ignored: /mask$/ })).toEqual({ fit: ["it lacks 1 tensor: model.qk"] });
  const many = Array.from({ length: 25 }, (_, at): [string, StoredTensor] => [`x${at}`, floats(1)]);
  const { fit } = numbers([["model.qk", floats(1, 2)], ...many]);
  expect(fit).toEqual([
    expect.stringMatching(/^it has 25 tensors that the model does not: x0, x1, .*x19 and 5 more$/),
    "it has 1 tensor of another shape: model.qk is [2], expected [3]",
  ]);
});

/** A tensor of a file that is only read in parts: nobody may ask for all of its numbers. */
function parts(shape: number[], numbers: Float32Array): StoredTensor & { most: number } {
  return {
    dtype: "F32",
    shape,
    most: 0,
    get data(): Float32Array {
      throw new Error("all numbers at once");
    },
    fill(target, first = 0) {
      this.most = Math.max(this.most, target.length);
      target.set(numbers.subarray(first, first + target.length));
    },
  };
}

test("weights in one tensor, head by head or turned, are written in parts as they are converted at once", () => {
  const drawn = fc.record({
    heads: fc.constantFrom(1, 2, 3),
    transposed: fc.boolean(),
    rows: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
    columns: fc.integer({ min: 1, max: 5 }),
    cut: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(drawn, ({ heads, transposed, rows, columns, cut }) => {
      const own = rows.map((count, at) => ({ name: `w${at}`, shape: [count * heads, columns] }));
      const total = rows.reduce((sum, count) => sum + count, 0) * heads;
      const shape = transposed ? [columns, total] : [total, columns];
      const numbers = Float32Array.from({ length: total * columns }, (_, at) => at);
      const map = [{ theirs: "t", ours: own.map(({ name }) => name), heads, transposed }];
      const tensor = (stored: StoredTensor) => mapWeights(new Map([["t", stored]]), map, own).weights;
      const whole = tensor({ dtype: "F32", shape, data: numbers });
      const partly = tensor(parts(shape, numbers));
      for (const { name } of own) {
        const expected = whole.get(name)!.data;
        const middle = Math.floor(cut * expected.length);
        const found = new Float32Array(expected.length);
        if (own.length === 1 && heads === 1 && !transposed) continue; // the tensor itself
        partly.get(name)!.fill!(found.subarray(0, middle));
        partly.get(name)!.fill!(found.subarray(middle), middle);
        expect(found).toEqual(expected);
      }
    }),
  );
});

test("a tensor that is turned is read a few megabytes at a time", () => {
  const [rows, columns] = [3000, 2000];
  const numbers = Float32Array.from({ length: rows * columns }, (_, at) => at % 9973);
  const stored = parts([columns, rows], numbers);
  const own = [{ name: "w", shape: [rows, columns] }];
  const { weights } = mapWeights(new Map([["t", stored]]), [{ theirs: "t", ours: ["w"], transposed: true }], own);
  const found = new Float32Array(rows * columns);
  weights.get("w")!.fill!(found);
  expect(found[7 * columns + 11]).toBe(numbers[11 * rows + 7]);
  expect(stored.most).toBeLessThanOrEqual(1 << 20);
});
