import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Series } from "../../src/figures/series.ts";

const value = fc.oneof(
  { weight: 20, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
);
const seriesOf = (y: readonly number[]) =>
  Series.of(
    y.map((_, index) => index),
    y,
  );
const finite = (y: readonly number[]) => y.filter(Number.isFinite);

describe("a series", () => {
  test("is a value: what is appended to one of two that share a beginning is not seen by the other", () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 60 }), fc.array(value, { maxLength: 60 }), (left, right) => {
        const start = seriesOf([1, 2, 3]);
        const appendAll = (y: readonly number[]) =>
          y.reduce((series, each) => series.append(series.length, each), start);
        const [a, b] = [appendAll(left), appendAll(right)];
        expect(start.ys).toEqual([1, 2, 3]);
        expect(a.ys).toEqual([1, 2, 3, ...left]);
        expect(b.ys).toEqual([1, 2, 3, ...right]);
      }),
    );
  });

  test("keeps its places in order: a step that is done again replaces what came from there on", () => {
    const series = seriesOf([0, 1, 2, 3]).append(1, 9);
    expect([...series]).toEqual([
      [0, 0],
      [1, 9],
    ]);
    expect(series.before(1).ys).toEqual([0]);
  });

  test("takes a million points in well under a second", () => {
    const start = performance.now();
    let series = Series.empty;
    for (let step = 0; step < 1e6; step++) series = series.append(step, step);
    expect(series.length).toBe(1e6);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe("a window of a series", () => {
  test("has the extremes, the last value and what is not finite of each bucket, and nothing from outside", () => {
    const window = fc
      .tuple(fc.nat(400), fc.nat(400))
      .map(([a, b]) => (a < b ? [a, b] : [b, a + 1]) as [number, number]);
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 400 }),
        window,
        fc.integer({ min: 1, max: 50 }),
        (y, [x0, x1], count) => {
          const inside = y.slice(x0, x1 + 1);
          const buckets = seriesOf(y).window(x0, x1, count);
          expect(buckets.length).toBeLessThanOrEqual(count);
          const all = finite(inside);
          const of = (pick: "min" | "max") => buckets.flatMap((bucket) => (bucket[pick] ? [bucket[pick].y] : []));
          expect(Math.min(...of("min"))).toBe(Math.min(...all));
          expect(Math.max(...of("max"))).toBe(Math.max(...all));
          expect(buckets.findLast(({ last }) => last)?.last?.y).toBe(all.at(-1));
          expect(buckets.some(({ notFinite }) => notFinite.length > 0)).toBe(all.length < inside.length);
        },
      ),
    );
  });
});

describe("a thinned series", () => {
  test("keeps the extremes and the end, in order, and no more points than asked for", () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 3000 }), fc.integer({ min: 3, max: 300 }), (y, most) => {
        const thin = seriesOf(y).thinned(most);
        const [all, kept] = [finite(y), finite(thin.ys)];
        expect(Math.max(...kept)).toBe(Math.max(...all));
        expect(Math.min(...kept)).toBe(Math.min(...all));
        expect(kept.at(-1)).toBe(all.at(-1));
        expect(thin.ys.some(Number.isNaN)).toBe(y.some(Number.isNaN));
        if (y.length > most) expect(kept.length).toBeLessThanOrEqual(most);
        for (const [x, each] of thin) expect(each).toBe(y[x]);
      }),
      { numRuns: 50 },
    );
  });

  test("is the series itself where it is short", () => {
    const series = seriesOf([1, Number.NaN, 3]);
    expect(series.thinned(3)).toBe(series);
  });

  test("has the single spike among many steps", () => {
    const y = Array.from({ length: 100_000 }, (_value, index) => (index === 51_234 ? 99 : 1));
    expect(seriesOf(y).thinned(600).ys).toContain(99);
  });
});

test("each bucket of a window is what a plain loop over its points finds, also among many points", () => {
  const y = Array.from({ length: 5000 }, (_, at) =>
    at % 977 === 5 ? Number.NaN : at === 3333 ? Number.POSITIVE_INFINITY : Math.sin(at * at),
  );
  const series = seriesOf(y);
  // Parts of it, and what is appended to a part, share its storage.
  for (const each of [series, series.before(3000), series.before(3000).append(3000, 7), series.map((value) => -value)])
    for (const [x0, x1, count] of [
      [0, 4999, 7],
      [100, 2999, 333],
      [0, 4999, 5000],
      [2500, 2501, 1],
    ] as const) {
      // biome-ignore format: a window a line
      const width = (x1 - x0) / count;
      const expected = new Map<number, [number, number][]>();
      for (const [x, value] of each) {
        if (x < x0 || x > x1) continue;
        const own = Math.min(count - 1, Math.floor((x - x0) / width));
        expected.set(own, [...(expected.get(own) ?? []), [x, value]]);
      }
      const found = each.window(x0, x1, count);
      expect(found).toHaveLength(expected.size);
      for (const [at, points] of [...expected.values()].entries()) {
        const finitePoints = points.filter(([, value]) => Number.isFinite(value));
        const values = finitePoints.map(([, value]) => value);
        const { min, max, last, notFinite } = found[at]!;
        if (values.length > 0) expect([min!.y, max!.y]).toEqual([Math.min(...values), Math.max(...values)]);
        expect(last && [last.x, last.y]).toEqual(finitePoints.at(-1));
        expect(notFinite.length > 0).toBe(finitePoints.length < points.length);
      }
    }
});
