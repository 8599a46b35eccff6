import { roundUp } from "../figures/axis.ts";
import type { AxisOptions } from "../figures/lines.ts";
import { Series } from "../figures/series.ts";
import type { Frame, Table } from "./channel.ts";

/** Series by name. */
export type NamedSeries = Readonly<Record<string, Series>>;

/** The series with a value more each; a name that is new begins one. */
export function appendNamed(series: NamedSeries, step: number, values: Readonly<Record<string, number>>): NamedSeries {
  const added = Object.entries(values).map(([name, value]) => [
    name,
    // A name of every object's own, such as "constructor", is a name as well.
    (Object.hasOwn(series, name) ? series[name]! : Series.empty).append(step, value),
  ]);
  return { ...series, ...Object.fromEntries(added) };
}

/** The series without what came after a step. */
export function rewindNamed<Names extends NamedSeries>(series: Names, step: number): Names {
  const kept = Object.entries(series).map(([name, each]) => [name, each.before(step + 1)]);
  return Object.fromEntries(kept) as Names;
}

/** Series side by side, one row a step; a cell is empty where a series has no value at that step. */
export function joinSeries(series: NamedSeries): Table {
  const entries = Object.entries(series);
  const steps = [...new Set(entries.flatMap(([, each]) => each.xs))].sort((a, b) => a - b);
  const values = entries.map(([, each]) => new Map(each));
  return {
    columns: ["step", ...entries.map(([name]) => name)],
    rows: steps.map((step) => [step, ...values.map((each) => each.get(step) ?? "")]),
  };
}

/**
 * The axis of steps of a run: as far as a round step that the run will soon reach, so that lines fill it and it stays put for
 * a while; in the end all steps.
 */
export function stepAxis({ step, steps, zoom }: Frame): AxisOptions {
  const soon = roundUp(Math.max(step, 1) * 1.05);
  const range = [0, step >= steps ? Math.max(step, 1) : Math.min(steps, soon)] as const;
  return { title: "step", range, ...(zoom ? { zoom } : {}) };
}
