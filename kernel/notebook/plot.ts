import { type Color, colorsOf } from "../../src/figures/colors.ts";
import type { Panel } from "../../src/figures/figure.ts";
import { linesPanel } from "../../src/figures/lines.ts";
import { NotebookFigure } from "../display/notebookFigure.ts";

/** Points of a line: y values at x = 0, 1, 2, ..., or x and y values. null and NaN are marked, and leave a gap. */
export type PlotSeries =
  | ArrayLike<number | null>
  | { x: ArrayLike<number>; y: ArrayLike<number | null>; color?: string };

export interface PlotOptions {
  /** What the axes show, with units: `loss (nats per token)`. */
  x?: string;
  y?: string;
  range?: { x?: readonly [number, number]; y?: readonly [number, number] };
  log?: { x?: boolean; y?: boolean };
  /** In pixels. */
  width?: number;
  height?: number;
}

/**
 * Lines in a plot. As a cell's last value it is shown; it works without scripts and without a network. Values that are not
 * finite are marked, and those that a logarithmic axis cannot show are counted below it.
 *
 * @param lines by name
 * @example
 * flamingo.plot({ tanh: { x: alphas, y: values } }, { x: "α", y: "tanh(α)" })
 */
export function plot(lines: Readonly<Record<string, PlotSeries>>, options: PlotOptions = {}): NotebookFigure {
  const { x = "", y = "", range = {}, log = {}, width = 560, height = 280 } = options;
  const entries = Object.entries(lines);
  const colors = colorsOf(entries.length);
  const panel = linesPanel({
    lines: entries.map(([name, series], index) => {
      const own = "y" in series ? series : undefined;
      const values = Array.from(own ? own.y : (series as ArrayLike<number | null>), (value) => value ?? Number.NaN);
      const color: Color = own?.color === undefined ? colors[index]! : { css: own.color };
      return { name, color, points: { x: own ? own.x : values.map((_, at) => at), y: values } };
    }),
    x: { title: x, log: log.x ?? false, ...(range.x ? { range: range.x } : {}) },
    y: { title: y, log: log.y ?? false, ...(range.y ? { range: range.y } : {}) },
    height,
  });
  return shown(panel, width, `${y} over ${x}`);
}

export interface HeatMapOptions {
  title?: string;
  rows?: readonly string[];
  columns?: readonly string[];
  /** Where the scale ends; the largest value by default. */
  end?: number;
  width?: number;
}

/**
 * A matrix as coloured cells, with its numbers while there is room: attention, a mask, weights.
 *
 * @param values [rows][columns], such as `await tensor.array()`
 * @example
 * flamingo.heatMap(await mask.array(), { title: "which token may attend to which image", rows: tokens, columns: ["image 1", "image 2"] })
 */
export function heatMap(values: readonly (readonly number[])[], options: HeatMapOptions = {}): NotebookFigure {
  const { title = "", width = 560, end, ...names } = options;
  const all = values.flat().filter(Number.isFinite);
  const largest = all.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const signed = all.some((value) => value < 0);
  return shown({ kind: "heat", title, values, ...names, end: end ?? largest, signed }, width, title);
}

export interface BarsOptions {
  title?: string;
  /** Where the scale ends; the largest value by default. */
  end?: number;
  width?: number;
}

/**
 * Values as bars with their numbers, from the top down.
 *
 * @param values by name, each 0 or more
 * @example
 * flamingo.bars(await model.nextTokens(image), { title: "the first word", end: 1 })
 */
export function bars(
  values: Readonly<Record<string, number>> | readonly { word: string; probability: number }[],
  { title = "", width = 420, end }: BarsOptions = {},
): NotebookFigure {
  const named = Array.isArray(values)
    ? values.map(({ word, probability }): [string, number] => [word, probability])
    : Object.entries(values as Record<string, number>);
  const largest = named.reduce((most, [, value]) => (Number.isFinite(value) ? Math.max(most, value) : most), 0) || 1;
  const all = named.map(([name, value]) => ({ name, value, color: { series: 0 } }));
  return shown({ kind: "bars", title, bars: all, end: end ?? largest }, width, title);
}

/** Figures beside each other, row by row. */
export function beside(...figures: readonly NotebookFigure[]): NotebookFigure {
  return NotebookFigure.beside(figures);
}

function shown(panel: Panel, width: number, label: string): NotebookFigure {
  return new NotebookFigure({ rows: [[panel]], label }, { width });
}
