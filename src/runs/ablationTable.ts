import { printSeconds } from "../core/duration.ts";
import type { Ablation } from "./ablation.ts";
import { standardDeviation, studentInterval } from "./studentInterval.ts";

/** What a run of an ablation came to. */
export interface Outcome {
  /** Name of the change; undefined for the base. */
  change: string | undefined;
  seed: number;
  value?: number | undefined;
  seconds?: number | undefined;
  /** Why there is no value. */
  reason?: string | undefined;
}

/** How the direction of a change compares with the paper's. */
export type Verdict = "agrees" | "disagrees" | "unclear" | "no number";

export interface AblationRow {
  change: string;
  /** By seed, in the ablation's order; null where a run has none. */
  values: (number | null)[];
  mean: number | null;
  /** Standard deviation over seeds. */
  spread: number | null;
  /** Mean of the differences from the base with the same seed. */
  difference: number | null;
  /** Half the width of its 95% interval, where there are two differences or more. */
  margin: number | null;
  /** The paper's difference from its base. */
  paper: number | null;
  verdict: Verdict | null;
  /** Mean over seeds. */
  seconds: number | null;
  reasons: string[];
}

export interface AblationTable {
  name: string;
  description: string;
  seeds: number[];
  measure: string;
  better: Ablation["better"];
  paper?: string;
  rows: AblationRow[];
  /** Of all runs, in seconds. */
  total: number;
}

/** The base and each change: values by seed, and how they differ from the base's, pair by pair. */
export function ablationTable(ablation: Ablation, outcomes: readonly Outcome[]): AblationTable {
  const { name, description, seeds, better, paper, changes } = ablation;
  const outcomesOf = (change: string | undefined) =>
    seeds.map((seed) => outcomes.find((each) => each.change === change && each.seed === seed));
  const base = outcomesOf(undefined).map((outcome) => outcome?.value ?? null);
  const rowOf = (change: string | undefined, paperValue: number | undefined): AblationRow => {
    const own = outcomesOf(change);
    const values = own.map((outcome) => outcome?.value ?? null);
    const differences = change === undefined ? [] : values.flatMap((value, at) => pair(value, base[at]!));
    const difference = meanOf(differences);
    const interval = differences.length > 1 ? studentInterval(differences) : undefined;
    const margin = interval ? interval.high - interval.value : null;
    const theirs = paper && paperValue !== undefined ? paperValue - paper.base : null;
    const seconds = own.flatMap((outcome) => outcome?.seconds ?? []);
    return {
      change: change ?? "base",
      values,
      mean: meanOf(present(values)),
      spread: spreadOf(present(values)),
      difference,
      margin,
      paper: change === undefined ? null : theirs,
      verdict: change === undefined || theirs === null ? null : verdictOf(difference, margin, theirs, better),
      seconds: meanOf(seconds),
      reasons: [...new Set(own.flatMap((outcome) => outcome?.reason ?? []))],
    };
  };
  return {
    name,
    description,
    seeds,
    measure: measureText(ablation),
    better,
    ...(paper ? { paper: `${paper.what}, base ${paper.base}` } : {}),
    rows: [rowOf(undefined, undefined), ...changes.map((change) => rowOf(change.name, change.paper))],
    total: outcomes.reduce((sum, { seconds = 0 }) => sum + seconds, 0),
  };
}

/** A difference whose interval holds 0 says nothing of its direction. */
function verdictOf(
  difference: number | null,
  margin: number | null,
  paper: number,
  better: Ablation["better"],
): Verdict {
  if (difference === null) return "no number";
  if (margin !== null && Math.abs(difference) <= margin) return "unclear";
  const gain = better === "higher" ? difference : -difference;
  return Math.sign(gain) === Math.sign(paper) ? "agrees" : "disagrees";
}

/** The table as Markdown. */
export function ablationMarkdown(table: AblationTable): string {
  const { name, description, seeds, measure, better, paper, rows, total } = table;
  const judged = rows.filter(({ verdict }) => verdict !== null);
  const count = (verdict: Verdict) => judged.filter((row) => row.verdict === verdict).length;
  const columns = [
    "change",
    ...seeds.map((seed) => `seed ${seed}`),
    "mean",
    "spread",
    "difference",
    "paper",
    "direction",
    "time",
  ];
  const cells = rows.map((row) => [
    row.change,
    ...row.values.map(numberText),
    numberText(row.mean),
    numberText(row.spread),
    row.difference === null
      ? ""
      : `${signed(row.difference)}${row.margin === null ? "" : ` ± ${numberText(row.margin)}`}`,
    row.paper === null ? "" : signed(row.paper, 1),
    row.verdict ?? "",
    row.seconds === null ? "" : printSeconds(row.seconds),
  ]);
  const reasons = rows.flatMap(({ change, reasons }) => reasons.map((reason) => `- ${change}: ${reason}`));
  return [
    `# ${name}`,
    ...(description ? ["", description] : []),
    "",
    `Measured: ${measure}; ${better} is better. Differences are from the base with the same seed: their mean with Student's 95% ` +
      `interval; a direction is unclear where the interval holds 0.${paper ? ` The paper: ${paper}.` : ""}`,
    "",
    line(columns),
    line(columns.map((_, at) => (at === 0 ? "---" : "---:"))),
    ...cells.map(line),
    "",
    `Of ${judged.length} directions that the paper has, ${count("agrees")} agree, ${count("disagrees")} disagree, ` +
      `${count("unclear")} are unclear, ${count("no number")} have no number. All runs took ${printSeconds(total)}.`,
    ...(reasons.length > 0 ? ["", ...reasons] : []),
    "",
  ].join("\n");
}

function measureText({ measure }: Ablation): string {
  if (measure.channel === "results") return `${measure.metric} on ${measure.set}`;
  if (measure.channel === "loss") return `mean loss of the last ${measure.last} steps`;
  return `accuracy with ${measure.shots} ${measure.choice} shots on ${measure.set}`;
}

function pair(value: number | null, base: number | null): number[] {
  return value === null || base === null ? [] : [value - base];
}

function present(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard deviation; null for fewer than two. */
function spreadOf(values: readonly number[]): number | null {
  return values.length < 2 ? null : standardDeviation(values);
}

function numberText(value: number | null): string {
  return value === null ? "" : value.toFixed(3);
}

function signed(value: number, digits = 3): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
