import fc from "fast-check";
import { expect, test } from "vitest";
import { downsample } from "../../src/runs/downsample.ts";

const value = fc.option(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { freq: 20 });
const lines = fc
  .array(value, { minLength: 1, maxLength: 3000 })
  .map((y) => ({ x: y.map((_value, index) => index), y }));

test("keeps the extremes and the end, in order, and no more points than asked for", () => {
  fc.assert(
    fc.property(lines, fc.integer({ min: 3, max: 300 }), (line, most) => {
      const thin = downsample(line, most);
      const all = line.y.filter((y) => y !== null);
      const kept = thin.y.filter((y) => y !== null);
      expect(Math.max(...kept)).toBe(Math.max(...all));
      expect(Math.min(...kept)).toBe(Math.min(...all));
      expect(kept.at(-1)).toBe(all.at(-1));
      if (line.x.length > most) expect(kept.length).toBeLessThanOrEqual(most);
      expect(thin.x).toEqual([...thin.x].sort((a, b) => a - b));
      thin.x.forEach((x, index) => {
        expect(thin.y[index]).toBe(line.y[x]);
      });
    }),
    { numRuns: 50 },
  );
});

test("a short line is returned as it is", () => {
  const line = { x: [0, 5, 9], y: [1, null, 3] };
  expect(downsample(line, 3)).toEqual(line);
});

test("a single spike among many steps stays", () => {
  const y = Array.from({ length: 100_000 }, (_value, index) => (index === 51_234 ? 99 : 1));
  expect(downsample({ x: y.map((_value, index) => index), y }, 600).y).toContain(99);
});
