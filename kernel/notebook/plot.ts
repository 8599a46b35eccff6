import { layerColor } from "../../src/figures/colors.ts";
import { Series } from "../../src/figures/series.ts";
import { BarPanel } from "../display/plot/barPanel.ts";
import { Figure } from "../display/plot/figure.ts";
import { HeatPanel } from "../display/plot/heatPanel.ts";
import { LinePanel } from "../display/plot/linePanel.ts";

/** Points of a line: values over their places 0, 1, 2, ..., or over places of their own. */
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

const first = ["#12988a", "#9868e0", "#e0407c", "#4a86e8", "#de942a"] as const;

/**
 * Lines in a plot. As a cell's last value it is shown; it works without scripts and without a network.
 *
 * @param lines by name
 * @example
 * flamingo.plot({ tanh: { x: alphas, y: values } }, { x: "α", y: "tanh(α)" })
 */
export function plot(lines: Readonly<Record<string, PlotSeries>>, options: PlotOptions = {}): Figure {
  const { x = "", y = "", range = {}, log = {}, width = 560, height = 280 } = options;
  const entries = Object.entries(lines);
  const drawn = entries.map(([name, series], index) => {
    const own = "y" in series ? series : undefined;
    const values = Array.from(own ? own.y : (series as ArrayLike<number | null>), (value) => value ?? Number.NaN);
    const color =
      own?.color ?? (entries.length <= first.length ? first[index]! : layerColor(index, entries.length, "both"));
    return { name, color, series: Series.of(own ? own.x : values.map((_, at) => at), values) };
  });
  const panel = new LinePanel({
    lines: drawn,
    x: { title: x, log: log.x ?? false, ...(range.x ? { range: range.x } : {}) },
    y: { title: y, log: log.y ?? false, ...(range.y ? { range: range.y } : {}) },
    height,
  });
  return new Figure({ rows: [[panel]], width, label: `${y} over ${x}` });
}

export interface HeatMapOptions {
  title?: string;
  rows?: readonly string[];
  columns?: readonly string[];
  /** Where the scale ends; the largest value unless told. */
  end?: number;
  width?: number;
}

/**
 * A matrix as coloured cells, with its numbers while there is room: attention, a mask, weights.
 *
 * @param values [rows][columns], such as `await tensor.array()`
 * @example
 * flamingo.heatMap(await mask.array(), { title: "who may look at which image", rows: words, columns: ["image 1", "image 2"] })
 */
export function heatMap(values: readonly (readonly number[])[], options: HeatMapOptions = {}): Figure {
  const { title = "", width = 560, ...rest } = options;
  return new Figure({ rows: [[new HeatPanel({ title, values, ...rest })]], width, label: title });
}

export interface BarsOptions {
  title?: string;
  /** Where the scale ends; the largest value unless told. */
  end?: number;
  width?: number;
}

/**
 * Values as bars with their numbers, from the top down.
 *
 * @param values by name, each 0 or more
 * @example
 * flamingo.bars(await model.nextWords(picture), { title: "the first word", end: 1 })
 */
export function bars(
  values: Readonly<Record<string, number>> | readonly { word: string; probability: number }[],
  { title = "", width = 420, ...rest }: BarsOptions = {},
): Figure {
  const named = Array.isArray(values)
    ? values.map(({ word, probability }): [string, number] => [word, probability])
    : Object.entries(values as Record<string, number>);
  const panel = new BarPanel({ title, bars: named, color: first[0], ...rest });
  return new Figure({ rows: [[panel]], width, label: title });
}

/** Figures beside each other, row by row. */
export function beside(...figures: readonly Figure[]): Figure {
  return Figure.beside(figures);
}
