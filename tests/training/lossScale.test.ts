import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LossScale } from "../../src/training/lossScale.ts";

describe("a loss scale", () => {
  test("doubles after 2,000 good steps in a row, and again after 2,000 more", () => {
    const scale = new LossScale();
    const seen = Array.from({ length: 4001 }, () => {
      scale.take(true);
      return scale.scale;
    });
    expect(seen[1998]).toBe(2 ** 15);
    expect([seen[1999], seen[3998]]).toEqual([2 ** 16, 2 ** 16]);
    expect(seen[3999]).toBe(2 ** 17);
  });

  test("an overflow halves it, and the good steps are counted anew", () => {
    const scale = new LossScale({ scale: 64, good: 1999, skipped: 3 });
    expect(scale.take(false)).toBe(true);
    expect(scale.state).toEqual({ scale: 32, good: 0, skipped: 4 });
  });

  test("below 1 it does not go: an overflow there is none of its making", () => {
    const scale = new LossScale({ scale: 2, good: 0, skipped: 0 });
    expect([scale.take(false), scale.take(false)]).toEqual([true, false]);
    expect(scale.state).toEqual({ scale: 1, good: 0, skipped: 1 });
  });

  test("is a power of two, whatever comes", () =>
    fc.assert(
      fc.property(fc.array(fc.boolean()), (steps) => {
        const scale = new LossScale();
        for (const finite of steps) scale.take(finite);
        expect(Number.isInteger(Math.log2(scale.scale))).toBe(true);
        expect(scale.scale).toBeGreaterThanOrEqual(1);
      }),
    ));
});
