import fc from "fast-check";
import { expect, test } from "vitest";
import type { WeightData } from "../../src/core/weight.ts";
import { type Counterpart, theirShape, toOurs, toTheirs } from "../../src/weights/nameMap.ts";
import { refusalOf } from "../core/refusalOf.ts";

const countUp = (shape: number[], from = 0): WeightData => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, at) => from + at),
});

test("weights that the other library keeps in one tensor stand in it one after the other", () => {
  const fused: Counterpart = { theirs: "qkv", ours: ["q", "k"] };
  const weights = new Map([
    ["q", countUp([2, 2])],
    ["k", countUp([1, 2], 10)],
  ]);
  expect(toTheirs(fused, (name) => weights.get(name)!)).toEqual({
    shape: [3, 2],
    data: Float32Array.of(0, 1, 2, 3, 10, 11),
  });
});

test("a transposed matrix has its inputs first", () => {
  const conv: Counterpart = { theirs: "c", ours: ["w"], transposed: true };
  expect(toTheirs(conv, () => countUp([2, 3]))).toEqual({ shape: [3, 2], data: Float32Array.of(0, 3, 1, 4, 2, 5) });
});

test("rows alternate head by head", () => {
  const byHead: Counterpart = { theirs: "qkv", ours: ["q", "k"], heads: 2 };
  const weights = new Map([
    ["q", countUp([4])],
    ["k", countUp([4], 10)],
  ]);
  const { data } = toTheirs(byHead, (name) => weights.get(name)!);
  expect([...data]).toEqual([0, 1, 10, 11, 2, 3, 12, 13]);
});

test("what goes to the other library and back is the same", () => {
  const sizes = fc.integer({ min: 1, max: 4 });
  fc.assert(
    fc.property(
      fc.record({ count: sizes, heads: sizes, rows: sizes, columns: sizes, transposed: fc.boolean() }),
      ({ count, heads, rows, columns, transposed }) => {
        const ours = Array.from({ length: count }, (_, at) => `w${at}`);
        const counterpart: Counterpart = { theirs: "t", ours, transposed, heads };
        const weights = new Map(ours.map((name, at) => [name, countUp([heads * rows, columns], 100 * at)]));
        const tensor = toTheirs(counterpart, (name) => weights.get(name)!);
        const shapes = [...weights.values()].map(({ shape }) => shape);
        expect(tensor.shape).toEqual(theirShape(counterpart, shapes));
        expect(toOurs(counterpart, tensor, (name) => weights.get(name)!.shape)).toEqual(weights);
      },
    ),
  );
});

test("a tensor of another shape is refused by its name", () => {
  const refusal = refusalOf(() => toOurs({ theirs: "c_attn", ours: ["q"] }, countUp([2, 2]), () => [2, 3]));
  expect(refusal.code).toBe("INVALID_WEIGHTS");
  expect(refusal.message).toBe('"c_attn" has shape [2,2], but the configuration gives [2,3]');
});
