import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { meanOf, shareOf } from "../../src/evaluation/intervals.ts";

const nothing = { value: Number.NaN, low: Number.NaN, high: Number.NaN };

describe("a share's interval", () => {
  test.each([
    // Newcombe 1998, Two-sided confidence intervals for the single proportion, Table I, method 3 (Wilson score).
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("%i of %i is from %f to %f", (hits, count, low, high) => {
    const share = shareOf(hits, count);
    expect(share).toMatchObject({ hits, count, value: hits / count });
    expect([share.low, share.high]).toBeAllclose([low, high], { absolute: 5e-5, relative: 0 });
  });

  test("holds the share, stays within 0 and 1, and mirrors that of the misses", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true }), (count, part) => {
        const hits = Math.round(count * part);
        const { low, high, value } = shareOf(hits, count);
        const misses = shareOf(count - hits, count);
        expect(low).toBeLessThanOrEqual(value! + 1e-12);
        expect(high).toBeGreaterThanOrEqual(value! - 1e-12);
        expect(low).toBeGreaterThan(-1e-12);
        expect(high).toBeLessThan(1 + 1e-12);
        expect(low! + misses.high!).toBeCloseTo(1);
      }),
    );
  });

  test("of no cases is not known", () => {
    expect(shareOf(0, 0)).toEqual({ hits: 0, count: 0, ...nothing });
    expect(meanOf([])).toEqual({ count: 0, ...nothing });
  });
});

test("a mean's interval is 1.96 standard errors to each side", () => {
  const { value, low, high } = meanOf([1, 2, 3, 4, 5]);
  const error = Math.sqrt(2.5 / 5);
  expect([value, low, high]).toBeAllclose([3, 3 - 1.96 * error, 3 + 1.96 * error], { relative: 1e-4 });
});
