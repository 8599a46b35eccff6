import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { type LinesOptions, linesPanel, type Points } from "../../src/figures/lines.ts";
import { figurePlotly } from "../../src/figures/plotly.ts";
import { Series } from "../../src/figures/series.ts";
import { figureSvg, sparkSvg } from "../../src/figures/svg/figure.ts";
import { figureText } from "../../src/figures/text.ts";
import { linearTicks, logTicks, tickLabel } from "../../src/figures/ticks.ts";

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

/** A panel with one line, its values at 0, 1, 2, ... by default. */
function panelOf(
  y: readonly number[],
  axes: { x?: Partial<LinesOptions["x"]>; y?: Partial<LinesOptions["y"]> } = {},
  x?: number[],
) {
  const points: Points = { x: x ?? y.map((_, index) => index), y };
  return linesPanel({
    lines: [{ name: "loss", points, color: { series: 0 } }],
    x: { title: "step", ...axes.x },
    y: { title: "value", ...axes.y },
  });
}

const figureOf = (panel: ReturnType<typeof panelOf>) => ({ rows: [[panel]], label: "" });
const paths = (svg: string) => [...svg.matchAll(/<path d="([^"]*)" fill="none"/g)].map(([, path]) => path!);

describe("lines of any numbers", () => {
  const value = fc.oneof(
    { weight: 8, arbitrary: fc.double({ noNaN: true, min: -1e9, max: 1e9 }) },
    { weight: 1, arbitrary: fc.constantFrom(nan, infinity, -infinity, 0) },
  );
  const range = fc.option(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 })), {
    nil: undefined,
  });

  test("make a drawing, a Plotly form and a text that can be read", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(value, value), { maxLength: 50 }),
        fc.boolean(),
        fc.boolean(),
        range,
        async (points, logX, logY, asked) => {
          const of = { log: logY, ...(asked ? { range: asked } : {}) };
          const panel = panelOf(
            points.map(([, y]) => y),
            { x: { log: logX }, y: of },
            points.map(([x]) => x),
          );
          const drawn = [figureSvg(figureOf(panel)), sparkSvg(panel, 184, 32, "dark")];
          for (const svg of drawn)
            expect(svg.replace(/<title>.*?<\/title>/g, "")).not.toMatch(/NaN|Infinity|undefined/);
          for (const svg of drawn) await sharp(Buffer.from(svg)).metadata();
          const plotly = figurePlotly(figureOf(panel));
          expect(JSON.parse(JSON.stringify(plotly))).toEqual(plotly);
          expect(figureText(figureOf(panel))).toContain("value over step");
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("a value that is not finite", () => {
  test("is marked where it is, told, and what comes after it is drawn", () => {
    const panel = panelOf([3, 2, nan, 1]);
    expect(panel.marks).toEqual([{ line: "loss", x: 2, value: "NaN", label: "loss is NaN at step 2" }]);
    expect(panel.notes).toEqual(["1 value is not finite"]);
    const [path] = paths(figureSvg(figureOf(panel)));
    expect(path!.match(/M/g)).toHaveLength(2); // a gap, and a dot for the value alone after it
    expect(path).toMatch(/h0\.01$/);
    expect(figureSvg(figureOf(panel))).toContain("<title>loss is NaN at step 2</title>");
    expect(figureText(figureOf(panel))).toMatch(
      /loss: 1.00 at 3[\s\S]*loss is NaN at step 2[\s\S]*1 value is not finite/,
    );
    const traces = figurePlotly(figureOf(panel))!.data;
    expect(traces[0]).toMatchObject({ y: [3, 2, null, 1], mode: "lines+markers" });
    expect(traces[1]).toMatchObject({ x: [2], text: ["loss is NaN at step 2"] });
  });

  test("that is infinite is not drawn as a value, and stretches no axis", () => {
    const panel = panelOf([1, infinity, 2, -infinity]);
    expect(panel.y.range).toEqual([0, 2]);
    expect(panel.lines[0]!.y).toEqual([1, null, 2, null]);
    expect(panel.marks.map(({ value }) => value)).toEqual(["Infinity", "-Infinity"]);
  });

  test("of a line that is made from another is marked once", () => {
    const points = Series.of([0, 1], [1, nan]);
    const lines = [
      { name: "raw", points, color: { series: 0 } },
      { name: "average", points, color: { series: 0 }, derived: true },
    ];
    const panel = linesPanel({ lines, x: { title: "step" }, y: { title: "value" } });
    expect(panel.marks).toHaveLength(1);
    expect(panel.notes).toEqual(["1 value is not finite"]);
  });
});

describe("a logarithmic axis", () => {
  test("tells how many values it cannot show", () => {
    const panel = panelOf([0, 1, 10, -2, 5], { y: { log: true } });
    expect(panel.notes).toEqual(["2 values are 0 or less, which a logarithmic axis cannot show"]);
    expect(panel.y.range[0]).toBeGreaterThan(0);
    const across = panelOf([1, 2, 3], { x: { log: true } });
    expect(across.notes).toEqual(["1 value is 0 or less, which a logarithmic axis cannot show"]);
    expect(figureSvg(figureOf(across))).not.toMatch(/Infinity|NaN/);
  });

  test("that is asked to begin at 0 begins at the least value that it can show", () => {
    expect(panelOf([0.5, 2], { y: { log: true, range: [0, 1] } }).y.range).toEqual([0.5, 1]);
    expect(panelOf([0.0001, 2], { y: { log: true, range: [0, 1] } }).y.range).toEqual([0.0001, 1]);
    expect(panelOf([], { y: { log: true, range: [0, 0] } }).y.range).toEqual([0.1, 1]);
  });
});

test("values outside of a range that was asked for are told", () => {
  expect(panelOf([1, 9, 2, -1], { y: { range: [0, 5] } }).notes).toEqual([
    "1 value is above 5.00",
    "1 value is below 0.000",
  ]);
});

test("a line that goes back on itself is drawn as it goes", () => {
  const x = [0, 2, 1, 0];
  expect(panelOf([0, 1, 2, 0], {}, x).lines[0]!.x).toEqual(x);
});

test("a long line keeps its spikes in few points", () => {
  const y = Array.from({ length: 200_000 }, (_, index) => (index === 77_777 ? 50 : 1));
  const { lines } = panelOf(y);
  expect(lines[0]!.y).toContain(50);
  expect(lines[0]!.x.length).toBeLessThanOrEqual(1500);
  expect(lines[0]!.x.at(-1)).toBe(199_999);
});

test("ticks are round, in order, and within the axis", () => {
  const ends = fc.tuple(
    fc.double({ noNaN: true, min: -1e6, max: 1e6 }),
    fc.double({ noNaN: true, min: 1e-3, max: 1e6 }),
  );
  fc.assert(
    fc.property(ends, ([low, span]) => {
      const ticks = linearTicks([low, low + span], 5);
      const slack = span * 1e-6;
      for (const tick of ticks) expect(tick >= low - slack && tick <= low + span + slack).toBe(true);
      expect([...ticks].sort((a, b) => a - b)).toEqual(ticks);
      expect(ticks.length).toBeLessThanOrEqual(12);
      expect(new Set(ticks.map((tick) => tickLabel(tick, ticks))).size).toBe(ticks.length);
    }),
  );
  expect(linearTicks([0, 1], 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(logTicks([0.1, 10])).toEqual([0.1, 1, 10]);
});

test("values that differ in their last digit alone have an axis as well", () => {
  for (const values of [
    [3, 3 * (1 - 2 ** -52)],
    [5e-324, 1e-323],
    [1e9, 1e9 + 1e-7],
  ]) {
    const points = { x: [0, 1], y: values };
    const { y } = linesPanel({ lines: [{ name: "a", points, color: "muted" }], x: { title: "" }, y: { title: "" } });
    expect(y.range.every(Number.isFinite)).toBe(true);
    expect(y.range[1]).toBeGreaterThan(y.range[0]);
  }
});

test("zoomed in, a long line has every point of the part that is looked at, with the same axes and notes", () => {
  const y = Array.from({ length: 200_000 }, (_, at) => (at === 123_456 ? 99 : Math.sin(at)));
  const line = { name: "a", points: Series.of(y.map((_, at) => at), y), color: "muted" as const }; // biome-ignore format: one line
  const panel = (zoom?: [number, number]) =>
    linesPanel({
      lines: [line],
      x: { title: "step", range: [0, 200_000], ...(zoom ? { zoom } : {}) },
      y: { title: "y", range: [-1, 1] },
    });
  const [whole, part] = [panel(), panel([123_000, 123_999])];
  expect([part.x, part.y, part.notes]).toEqual([whole.x, whole.y, whole.notes]);
  expect(whole.lines[0]!.y).toContain(99); // the spike shows in the whole line too
  const inside = part.lines[0]!.x.filter((x) => x >= 123_000 && x <= 123_999);
  expect(inside).toHaveLength(1000);
  expect(part.lines[0]!.x).toHaveLength(1002); // and where it comes from and goes to
});
