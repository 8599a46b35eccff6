import { roundDown, roundUp } from "./axis.ts";
import type { Color } from "./colors.ts";
import type { Axis, LegendEntry, Line, LinesPanel, Mark, Readout } from "./figure.ts";
import { formatCount, formatNumber } from "./numbers.ts";
import { Series } from "./series.ts";
import { linearTicks } from "./ticks.ts";

/** Points in any order. */
export interface Points {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
}

export interface LineOptions {
  name: string;
  points: Series | Points;
  color: Color;
  width?: number;
  opacity?: number;
  dash?: readonly number[];
  /** True for a line that another one is made from: its values that are not finite are marked there. */
  derived?: boolean;
}

export interface AxisOptions {
  title: string;
  /** As the values need, by default. */
  range?: readonly [number, number];
  log?: boolean;
  /** Of the x axis: the part of it whose points are wanted. The range stays as it is. */
  zoom?: readonly [number, number];
}

export interface LinesOptions {
  /** That of the y axis by default. */
  title?: string;
  lines: readonly LineOptions[];
  x: AxisOptions;
  y: AxisOptions;
  readout?: Readout;
  /** One entry for each line by default. */
  legend?: readonly LegendEntry[];
  height?: number;
}

/** About so many points a line, and over all lines of a panel. */
const most = { line: 1500, all: 9000, least: 60 } as const;

/**
 * Lines over an axis, thinned so that spikes stay. Values that are not finite are marked; values that a logarithmic axis
 * cannot show, or that the range leaves out, are counted in a note.
 */
export function linesPanel(options: LinesOptions): LinesPanel {
  const { lines, readout, height = 240 } = options;
  const count = Math.min(most.line, Math.max(most.least, Math.floor(most.all / Math.max(1, lines.length))));
  const all = lines.map((line) => {
    const points = line.points instanceof Series ? line.points.columns : line.points;
    return { line, points, thin: thinned(line.points, count, options.x.zoom) };
  });
  const own = all.filter(({ line }) => !line.derived);
  const x = axisOf(
    options.x,
    all.map(({ points }) => points.x),
    false,
  );
  const y = axisOf(
    options.y,
    all.map(({ points }) => points.y),
    true,
  );
  return {
    kind: "lines",
    title: options.title ?? options.y.title,
    x,
    y,
    lines: all.map(({ line, thin }) => lineOf(line, thin, x.log, y.log)),
    marks: own.flatMap(({ line, thin }) => marksOf(line.name, thin, options.x.title)),
    notes: notesOf(
      own.map(({ points }) => points),
      x,
      y,
      options.y.range !== undefined,
    ),
    ...(readout ? { readout } : {}),
    legend: options.legend ?? lines.map(({ name, color, dash = [] }) => ({ label: name, colors: [color], dash })),
    height,
  };
}

/** At most about so many points; all of them where they do not go from left to right. */
function thinned(points: Series | Points, count: number, zoom?: readonly [number, number]): Points {
  if (points instanceof Series) return (zoom ? points.within(...zoom) : points).thinned(count).columns;
  if (points.x.length <= count || !isInOrder(points.x)) return points;
  return Series.of(points.x, points.y).thinned(count).columns;
}

function isInOrder(x: ArrayLike<number>): boolean {
  for (let at = 1; at < x.length; at++) if (!(x[at]! > x[at - 1]!)) return false;
  return true;
}

function lineOf(options: LineOptions, { x, y }: Points, logX: boolean, logY: boolean): Line {
  const { name, color, width = 1.75, opacity = 1, dash = [] } = options;
  const line: { x: number[]; y: (number | null)[] } = { x: [], y: [] };
  for (let at = 0; at < x.length; at++) {
    if (!shows(x[at]!, logX)) continue;
    line.x.push(x[at]!);
    line.y.push(shows(y[at]!, logY) ? Number(y[at]!.toPrecision(6)) : null);
  }
  return { name, ...line, color, width, opacity, dash };
}

/** Whether an axis can show a value. */
function shows(value: number, log: boolean): boolean {
  return Number.isFinite(value) && (!log || value > 0);
}

function marksOf(line: string, { x, y }: Points, xTitle: string): Mark[] {
  const marks: Mark[] = [];
  for (let at = 0; at < y.length; at++) {
    if (Number.isFinite(y[at]) || !Number.isFinite(x[at])) continue;
    const value = String(y[at]) as Mark["value"];
    const place = Number.isInteger(x[at]) ? formatCount(x[at]!) : formatNumber(x[at]);
    marks.push({ line, x: x[at]!, value, label: `${line} is ${value} at ${xTitle || "x ="} ${place}` });
  }
  return marks;
}

/** What cannot be seen, in words: nothing is left out silently. */
function notesOf(all: readonly Points[], x: Axis, y: Axis, isCut: boolean): string[] {
  let [notFinite, belowLog, above, below] = [0, 0, 0, 0];
  const [low, high] = y.range;
  for (const points of all) {
    for (let at = 0; at < points.x.length; at++) {
      const [px, py] = [points.x[at]!, points.y[at]!];
      if (!Number.isFinite(py) || !Number.isFinite(px)) notFinite++;
      else if ((x.log && px <= 0) || (y.log && py <= 0)) belowLog++;
      else if (isCut && py > high + 1e-9 * Math.abs(high)) above++;
      else if (isCut && py < low - 1e-9 * Math.abs(low)) below++;
    }
  }
  return [
    ...(notFinite > 0 ? [`${values(notFinite)} not finite`] : []),
    ...(belowLog > 0 ? [`${values(belowLog)} 0 or less, which a logarithmic axis cannot show`] : []),
    ...(above > 0 ? [`${values(above)} above ${formatNumber(high)}`] : []),
    ...(below > 0 ? [`${values(below)} below ${formatNumber(low)}`] : []),
  ];
}

function values(count: number): string {
  return count === 1 ? "1 value is" : `${formatCount(count)} values are`;
}

/** An axis with a range: as asked for, else as the values need, with round ends where they are to be read off. */
function axisOf({ title, range, log = false }: AxisOptions, all: readonly ArrayLike<number>[], round: boolean): Axis {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const values of all) {
    for (let at = 0; at < values.length; at++) {
      const value = values[at]!;
      if (!shows(value, log)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (!(low <= high)) [low, high] = log ? [0.1, 1] : [0, 1];
  if (range) return { title, range: asked(range, low, log), log };
  if (!round) return { title, range: [low, high > low ? high : log ? low * 10 : low + 1], log };
  if (log) return { title, range: ends(roundDown(low), roundUp(high), log), log };
  if (low >= 0 && low < 0.6 * high) return { title, range: [0, roundUp(high)], log };
  const differ = high - low > Math.max(1e-300, 1e-9 * Math.max(Math.abs(low), Math.abs(high))); // else steps have no digits
  const ticks = linearTicks([low, differ ? high : low + 1], 4);
  const step = (ticks[1] ?? ticks[0]! + 1) - ticks[0]!;
  return { title, range: ends(Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step, log), log };
}

/** A range that was asked for; a logarithmic axis that is asked to begin at 0 begins at the least value that it can show. */
function asked([from, to]: readonly [number, number], least: number, log: boolean): [number, number] {
  if (!log) return ends(from, to, log);
  const high = to > 0 ? to : 1;
  if (from > 0) return ends(from, high, log);
  return ends(least < high ? roundDown(least) : high / 1000, high, log);
}

function ends(low: number, high: number, log: boolean): [number, number] {
  if (high > low) return [low + 0, high + 0]; // −0 is 0
  return log ? [low, low * 10] : [low, low + 1];
}
