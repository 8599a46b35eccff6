import fc from "fast-check";
import { expect, test } from "vitest";
import { Random } from "../../src/core/random.ts";
import { SampleOrder } from "../../src/data/shards/sampleOrder.ts";

const counts = fc.array(fc.nat(12), { minLength: 1, maxLength: 5 }).filter((all) => all.some((each) => each > 0));
const buffers = fc.integer({ min: 1, max: 40 });
const totalOf = (all: readonly number[]) => all.reduce((sum, each) => sum + each, 0);
const order = (all: number[], buffer: number, seed = 1) => new SampleOrder(all, buffer, new Random(seed));

test("every epoch has every sample once, and no two have the same order", () => {
  fc.assert(
    fc.property(counts, buffers, (all, buffer) => {
      const total = totalOf(all);
      const epoch = (index: number) => order(all, buffer).positions(index * total, total);
      expect([...epoch(3)].sort((a, b) => a - b)).toEqual([...Array(total).keys()]);
    }),
  );
  expect(order([20], 20).positions(0, 20)).not.toEqual(order([20], 20).positions(20, 20));
  expect(order([20], 20, 1).positions(0, 20)).not.toEqual(order([20], 20, 2).positions(0, 20));
});

test("the position at an index is the same, whatever was asked for before", () => {
  fc.assert(
    fc.property(counts, buffers, fc.array(fc.nat(100), { maxLength: 6 }), (all, buffer, before) => {
      const used = order(all, buffer);
      for (const index of before) used.positions(index, 2);
      expect(used.positions(7, 9)).toEqual(order(all, buffer).positions(7, 9));
    }),
  );
});

test("a sample comes at most as early as the buffer is long, and without a buffer all come in order", () => {
  const early = order([1000], 16).positions(0, 1000);
  early.forEach((position, place) => {
    expect(position - place).toBeLessThan(16);
  });
  expect(early.some((position, place) => position > place + 8)).toBe(true);
  expect(order([3, 0, 2], 1).positions(0, 7)).toEqual([0, 1, 2, 3, 4, 0, 1]);
});

test("shards come in another order each epoch, each one whole", () => {
  const shards = order([100, 100, 100], 2);
  const firsts = Array.from({ length: 12 }, (_, epoch) => Math.floor(shards.positions(300 * epoch, 1)[0]! / 100));
  expect(new Set(firsts)).toEqual(new Set([0, 1, 2]));
  const from = shards.positions(0, 300).map((position) => Math.floor(position / 100));
  expect(from.filter((shard, place) => place > 0 && shard !== from[place - 1]).length).toBeLessThan(8);
});
