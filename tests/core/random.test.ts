import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "../../src/core/random.ts";

const seeds = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });

function moments(values: ArrayLike<number>) {
  const numbers = Array.from(values);
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const central = (power: number) => numbers.reduce((sum, value) => sum + (value - mean) ** power, 0) / numbers.length;
  const variance = central(2);
  return { mean, variance, skew: central(3) / variance ** 1.5, kurtosis: central(4) / variance ** 2 };
}

function correlation(left: ArrayLike<number>, right: ArrayLike<number>): number {
  const [a, b] = [moments(left), moments(right)];
  let covariance = 0;
  for (let i = 0; i < left.length; i++) covariance += (left[i]! - a.mean) * (right[i]! - b.mean);
  return covariance / left.length / Math.sqrt(a.variance * b.variance);
}

describe("the numbers stay what they are", () => {
  test("bits of seed 7", () => {
    const random = new Random(7);
    expect(Array.from({ length: 4 }, () => random.integer(2 ** 32))).toMatchInlineSnapshot(`
      [
        3451224712,
        2110209875,
        1281956657,
        431431162,
      ]
    `);
    expect([random.uniform(), random.uniform()]).toMatchInlineSnapshot(`
      [
        0.17984155376926847,
        0.9543217635622608,
      ]
    `);
    expect([random.normal(), random.normal()]).toMatchInlineSnapshot(`
      [
        0.6462286761604705,
        1.0232587263253796,
      ]
    `);
    expect(random.shuffle([0, 1, 2, 3, 4, 5, 6, 7])).toMatchInlineSnapshot(`
      [
        6,
        1,
        5,
        3,
        2,
        7,
        0,
        4,
      ]
    `);
  });

  test("bits of forks", () => {
    const words = (random: Random) => random.integer(2 ** 32);
    expect(words(new Random(7).fork("weights"))).toMatchInlineSnapshot(`1931776990`);
    expect(words(new Random(7).fork("weights").fork(3))).toMatchInlineSnapshot(`448871520`);
    expect(words(new Random(-1).fork("é🦩"))).toMatchInlineSnapshot(`232655024`);
  });

  test("bits of a million normals, tails included", () => {
    const bits = new Uint32Array(new Random(2022).normals(1_000_000).buffer);
    expect(bits.reduce((hash, word) => Math.imul(hash ^ word, 0x01000193), 0x811c9dc5) >>> 0).toMatchInlineSnapshot(
      `2516129450`,
    );
  });

  test("are those of xoshiro128**, as its authors' C code draws them", () => {
    const random = Random.from({ key: [0, 0, 0, 1], words: [1, 2, 3, 4] });
    const drawn = Array.from({ length: 6 }, () => random.integer(2 ** 32));
    expect(drawn).toEqual([11520, 0, 5927040, 70819200, 2031721883, 1637235492]);
  });

  test("seeds that differ in one bit give other numbers", () => {
    const first = Array.from({ length: 2000 }, (_, seed) => new Random(seed).integer(2 ** 32));
    expect(new Set(first).size).toBe(2000);
    expect(Math.abs(correlation(first.slice(1), first.slice(0, -1)))).toBeLessThan(0.07);
    expect(new Random(0).uniform()).not.toBe(new Random(2 ** 32).uniform());
    expect(new Random(1).uniform()).not.toBe(new Random(-1).uniform());
  });

  test("a seed that is no whole number is refused", () => {
    for (const seed of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
      expect(() => new Random(seed)).toThrow(RangeError);
  });
});

describe("distributions", () => {
  test("uniform numbers are flat on [0, 1)", () => {
    const random = new Random(1);
    const values = Array.from({ length: 100_000 }, () => random.uniform());
    const { mean, variance } = moments(values);
    expect(mean).toBeCloseTo(1 / 2, 2);
    expect(variance).toBeCloseTo(1 / 12, 2);
    const bins = new Array<number>(64).fill(0);
    for (const value of values) bins[Math.floor(value * 64)]!++;
    const expected = values.length / 64;
    const chiSquared = bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquared).toBeLessThan(63 + 4 * Math.sqrt(2 * 63));
    expect(Math.abs(correlation(values.slice(1), values.slice(0, -1)))).toBeLessThan(0.013);
  });

  test("normal numbers have the normal's moments and tails", () => {
    const values = new Random(2).normals(400_000);
    const { mean, variance, skew, kurtosis } = moments(values);
    expect(Math.abs(mean)).toBeLessThan(0.006);
    expect(Math.abs(variance - 1)).toBeLessThan(0.01);
    expect(Math.abs(skew)).toBeLessThan(0.016);
    expect(Math.abs(kurtosis - 3)).toBeLessThan(0.032);
    const beyond = (bound: number) => values.reduce((count, x) => count + (Math.abs(x) > bound ? 1 : 0), 0) / 400_000;
    expect(beyond(0.5)).toBeCloseTo(0.6171, 2);
    expect(beyond(1)).toBeCloseTo(0.3173, 2);
    expect(beyond(2)).toBeCloseTo(0.0455, 2);
    expect(beyond(3) / 0.0027).toBeCloseTo(1, 0);
    expect(Math.max(...values.subarray(0, 100_000))).toBeGreaterThan(3.5);
  });

  test("bulk numbers equal the single ones, and an odd count is filled", () => {
    expect(new Random(3).normals(1)[0]).toBe(Math.fround(new Random(3).normal()));
    const odd = new Random(3).normals(7);
    expect(odd).toEqual(new Random(3).normals(8).subarray(0, 7));
    expect(odd[6]).not.toBe(0);
  });

  test("bulk uniform numbers stay inside their half-open range", () => {
    const range = fc.tuple(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: 1, max: 1000 }));
    fc.assert(
      fc.property(seeds, range, (seed, [low, span]) => {
        const values = new Random(seed).uniforms(50, low, low + span);
        expect(values.every((value) => value >= low && value < low + span)).toBe(true);
      }),
    );
    // Half of the draws round up to the open end here.
    expect(new Random(1).uniforms(100, 2 ** 24, 2 ** 24 + 2).every((value) => value === 2 ** 24)).toBe(true);
  });

  test("integers are in range and fair", () => {
    const random = new Random(4);
    const counts = [0, 0, 0];
    for (let i = 0; i < 30_000; i++) counts[random.integer(3)]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(330);
    // 3·2³⁰ is where a plain remainder would draw the first third twice as often.
    let low = 0;
    for (let i = 0; i < 30_000; i++) if (random.integer(3 * 2 ** 30) < 2 ** 30) low++;
    expect(Math.abs(low - 10_000)).toBeLessThan(330);
    for (const n of [0, -1, 1.5, Number.NaN, 2 ** 33]) expect(() => random.integer(n)).toThrow(RangeError);
  });

  test("a shuffle is a fair permutation and leaves its input alone", () => {
    fc.assert(
      fc.property(seeds, fc.array(fc.integer()), (seed, items) => {
        const before = [...items];
        const shuffled = new Random(seed).shuffle(items);
        expect(items).toEqual(before);
        expect(shuffled.toSorted((a, b) => a - b)).toEqual(before.toSorted((a, b) => a - b));
      }),
    );
    const random = new Random(5);
    const seen = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = random.shuffle("abcd").join("");
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect(seen.size).toBe(24);
    for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  test("pick takes every item, and none from nothing", () => {
    const random = new Random(6);
    expect(new Set(Array.from({ length: 200 }, () => random.pick(["a", "b", "c"])))).toEqual(new Set(["a", "b", "c"]));
    expect(() => random.pick([])).toThrow(RangeError);
  });
});

describe("forks", () => {
  test("do not depend on how much was drawn, nor on order", () => {
    fc.assert(
      fc.property(seeds, fc.string(), fc.nat(20), (seed, label, draws) => {
        const random = new Random(seed);
        for (let i = 0; i < draws; i++) random.uniform();
        random.fork("another");
        expect(random.fork(label).uniform()).toBe(new Random(seed).fork(label).uniform());
      }),
    );
  });

  test("do not disturb the stream that they leave", () => {
    const random = new Random(8);
    random.fork("a").normals(10);
    expect(random.uniform()).toBe(new Random(8).uniform());
  });

  test("differ from each other, from their parent and by depth", () => {
    const root = new Random(9);
    const streams = [
      root,
      root.fork(1),
      root.fork("1"),
      root.fork(""),
      root.fork("a").fork("b"),
      root.fork("b").fork("a"),
      root.fork("ab"),
      root.fork("a").fork("b").fork(""),
      new Random(10).fork(1),
    ];
    expect(new Set(streams.map((stream) => stream.uniform())).size).toBe(streams.length);
  });

  test("are uncorrelated", () => {
    const streams = Array.from({ length: 6 }, (_, i) => new Random(11).fork(i).normals(20_000));
    for (const [i, left] of streams.entries())
      for (const right of streams.slice(i + 1)) expect(Math.abs(correlation(left, right))).toBeLessThan(0.03);
  });

  test("first numbers of neighbouring forks are independent", () => {
    const first = Array.from({ length: 20_000 }, (_, i) => new Random(12).fork(i).uniform());
    expect(moments(first).mean).toBeCloseTo(0.5, 2);
    expect(Math.abs(correlation(first.slice(1), first.slice(0, -1)))).toBeLessThan(0.025);
  });
});

test("a state that went through JSON goes on where it was, and forks as before", () => {
  fc.assert(
    fc.property(seeds, fc.nat(30), (seed, draws) => {
      const random = new Random(seed).fork("run");
      for (let i = 0; i < draws; i++) random.normal();
      const copy = Random.from(JSON.parse(JSON.stringify(random.state())));
      expect(copy.state()).toEqual(random.state());
      expect(copy.normals(5)).toEqual(random.normals(5));
      expect(copy.fork("x").uniform()).toBe(random.fork("x").uniform());
    }),
  );
});
