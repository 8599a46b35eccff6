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
