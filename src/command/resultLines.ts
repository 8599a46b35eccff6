import type { RunEventBody } from "../runs/event.ts";

type EvaluateResult = Extract<RunEventBody, { type: "evaluate:result" }>;

/** An evaluation as lines: its title, then each number with its 95% interval and how many cases were counted. */
export function resultLines({ title, shares, means }: EvaluateResult): string[] {
  const lines = Object.entries(shares).map(([name, { value, low, high, hits, count }]) => {
    return `  ${name.padEnd(28)} ${number(value)}  [${number(low)}, ${number(high)}]  ${hits} of ${count}`;
  });
  for (const [name, { value, low, high, count }] of Object.entries(means))
    lines.push(`  ${name.padEnd(28)} ${number(value)}  [${number(low)}, ${number(high)}]  of ${count}`);
  return [title, ...lines];
}

function number(value: number | null): string {
  return (value === null ? "–" : value.toFixed(3)).padStart(7);
}
