import fc from "fast-check";
import { expect, test } from "vitest";
import { countOf, histogramOf, quantile } from "../../src/channels/histogram.ts";
import { histograms } from "../../src/channels/histograms.ts";

const numbers = fc
  .array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 200 })
  .map((all) => Float32Array.from(all));

test("a histogram counts every finite number once, and those that are not finite apart", () => {
  const { counts, low, high, sum, min, max, notFinite } = histogramOf(Float32Array.of(1, 2, 3, 4, Number.NaN, 1));
  expect([sum, min, max, low, high, counts[0], counts.at(-1), notFinite]).toEqual([11, 1, 4, 1, 4, 2, 1, 1]);
  expect(histogramOf(Float32Array.of(2, 2)).counts).toEqual([2]);
  expect(countOf(histogramOf(Float32Array.of(Number.NaN)))).toBe(0);
  fc.assert(
    fc.property(numbers, (all) => {
      expect(countOf(histogramOf(all))).toBe(all.length);
    }),
  );
});

test("each bin has the numbers that a plain loop finds between its edges", () => {
  const all = Float32Array.from({ length: 1000 }, (_, at) => Math.sin(at) ** 3);
  const { low, high, counts } = histogramOf(all);
  const edge = (at: number) => low + (at * (high - low)) / counts.length;
  const within = counts.map((_, at) => all.filter((value) => value >= edge(at) && value < edge(at + 1)).length);
  within[within.length - 1]!++; // the largest number is on the last edge
  expect(counts).toEqual(within);
});

test("one number far away leaves the others their bins", () => {
  const all = Float32Array.from({ length: 1000 }, (_, at) => (at === 0 ? 1e4 : Math.sin(at)));
  const { counts, max } = histogramOf(all);
  expect(max).toBe(1e4);
  expect(countOf(histogramOf(all))).toBe(1000);
  expect(counts.at(-1)).toBe(1);
});

test("a quantile is that of the sorted numbers, as far as the bins are fine", () => {
  fc.assert(
    fc.property(numbers, fc.double({ min: 0, max: 1, noNaN: true }), (all, share) => {
      const histogram = histogramOf(all);
      const sorted = [...all].sort((a, b) => a - b);
      const bin = (histogram.high - histogram.low) / histogram.counts.length;
      const at = Math.min(all.length - 1, Math.max(0, Math.ceil(share * all.length) - 1));
      // Beyond the bins, all that is known is the least and the largest.
      const clamp = (value: number) => Math.max(histogram.low, Math.min(histogram.high, value));
      if (share === 0 || share === 1) return;
      expect(Math.abs(quantile(histogram, share) - clamp(sorted[at]!))).toBeLessThanOrEqual(bin * 1.001 + 1e-5);
    }),
  );
  const ends = histogramOf(Float32Array.of(-3, 5, 1));
  expect([quantile(ends, 0), quantile(ends, 1)]).toEqual([-3, 5]);
});

test("percentiles are drawn over steps, and histograms over each other from the first step to the last", () => {
  const at = (spread: number) => histogramOf(Float32Array.from({ length: 999 }, (_, n) => spread * Math.sin(n)));
  const state = [50, 100, 150].reduce(
    (all, step) =>
      histograms.fold(
        all,
        [{ of: "weights" as const, node: "language", path: ["layers.0"], group: "new", histogram: at(step) }],
        { seq: 0, time: 0, step },
      ),
    histograms.empty,
  );
  const figure = (view: object) => histograms.figure!(state, histograms.view!.parse(view), { step: 150, steps: 200 })!;
  const [percentiles] = figure({}).rows[0]!;
  if (percentiles?.kind !== "lines") throw new Error("no lines");
  expect(percentiles.y.title).toBe("weight, layer 0 (new)");
  expect(Number(percentiles.readout!.value)).toBeCloseTo(150 / Math.SQRT2, 0); // of a sine
  expect(percentiles.readout!.label).toContain("999 weights, -150 to 150");
  const line = percentiles.lines.find(({ name }) => name === "84%")!;
  expect(line.x).toEqual([50, 100, 150]);
  for (const [index, value] of line.y.entries())
    expect(Math.abs(value! - line.x[index]! * Math.sin(0.3413 * Math.PI))).toBeLessThan(0.06 * line.x[index]!);
  const [curves] = figure({ curves: true }).rows[0]!;
  if (curves?.kind !== "lines") throw new Error("no lines");
  expect(curves.lines.map(({ name }) => name)).toEqual(["step 50", "step 100", "step 150"]);
  for (const { y } of curves.lines) expect(y.reduce<number>((sum, share) => sum + share!, 0)).toBeCloseTo(1, 4);
  expect(histograms.figure!(state, histograms.view!.parse({ of: "gradients" }), { step: 0, steps: 1 })).toBeUndefined();
});
