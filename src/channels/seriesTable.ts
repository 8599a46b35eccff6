import type { Series } from "../figures/series.ts";
import type { Table } from "./channel.ts";

/** Series side by side, one row a step; a cell is empty where a series has no value at that step. */
export function joinSeries(series: Readonly<Record<string, Series>>): Table {
  const entries = Object.entries(series);
  const steps = [...new Set(entries.flatMap(([, each]) => each.xs))].sort((a, b) => a - b);
  const values = entries.map(([, each]) => new Map(each));
  return {
    columns: ["step", ...entries.map(([name]) => name)],
    rows: steps.map((step) => [step, ...values.map((each) => each.get(step) ?? "")]),
  };
}
