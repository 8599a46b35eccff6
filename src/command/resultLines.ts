import type { MetricResult, RunEventBody } from "../runs/event.ts";

type EvaluateResult = Extract<RunEventBody, { type: "evaluate:result" }>;

/** A set's results as lines: its title, then each metric with its 95% interval and the number of examples. */
export function resultLines({ title, metrics }: EvaluateResult): string[] {
  return [title, ...metrics.map(lineOf)];
}

function lineOf({ title, unit, value, low, high, count, hits }: MetricResult): string {
  const examples = hits === undefined ? `of ${count}` : `${hits} of ${count}`;
  const scale = unit === undefined || unit === "share" ? "" : `  ${unit}`;
  return `  ${title.padEnd(32)} ${number(value)}  [${number(low)}, ${number(high)}]  ${examples}${scale}`;
}

function number(value: number | null): string {
  return (value === null ? "–" : value.toFixed(3)).padStart(7);
}
