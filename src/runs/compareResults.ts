import type { MetricResult, Result } from "../channels/results.ts";
import { type MeanInterval, studentInterval } from "./studentInterval.ts";

/** What is compared: one pipeline, by the results of its runs. */
export interface Version {
  name: string;
  runs: readonly { seed: number; results: readonly Result[] }[];
}

/** What one version came to by a metric; its interval is over its runs where there are several, else over the examples of the one. */
export interface Cell extends MeanInterval {
  runs: number;
}

/** How much more than the first version another one has. */
export interface Difference extends MeanInterval {
  /** What was compared in pairs: runs of the same seed, the same examples of one run each; nothing where neither is the same. */
  pairs: "seeds" | "examples" | "none";
  count: number;
  /** `unclear` where the interval holds 0. */
  verdict: "better" | "worse" | "unclear";
}

/** A metric on an evaluation set, of all versions: a cell is undefined where a version has no such result. */
export interface ComparedMetric {
  set: string;
  setTitle: string;
  metric: string;
  title: string;
  unit?: string;
  cells: (Cell | undefined)[];
  /** Of each version to the first; the first has none. */
  differences: (Difference | undefined)[];
}

/**
 * The results of versions side by side, each with its difference to the first one.
 *
 * Where two versions have runs of the same seeds, the difference is the mean over seeds s of d_s = x_s - y_s, with Student's
 * interval. One run each is compared example by example in the same way.
 */
export function compareResults(versions: readonly Version[]): ComparedMetric[] {
  const keys = new Map<string, { result: Result; metric: MetricResult }>();
  for (const { runs } of versions)
    for (const { results } of runs)
      for (const result of results)
        for (const metric of result.metrics) {
          const key = `${result.set}\n${metric.metric}`;
          if (!keys.has(key)) keys.set(key, { result, metric });
        }
  return [...keys.values()].map(({ result, metric }) => {
    const found = versions.map((version) => measured(version, result.set, metric.metric));
    return {
      set: result.set,
      setTitle: result.title,
      metric: metric.metric,
      title: metric.title,
      ...(metric.unit === undefined ? {} : { unit: metric.unit }),
      cells: found.map(cellOf),
      differences: found.map((one, index) =>
        index === 0 ? undefined : differenceOf(found[0]!, one, metric.higherIsBetter ?? true),
      ),
    };
  });
}

/** A run's value of one metric. */
interface Measured {
  seed: number;
  examples: string | undefined;
  metric: MetricResult;
}

function measured({ runs }: Version, set: string, name: string): Measured[] {
  return runs.flatMap(({ seed, results }) => {
    const result = results.find((each) => each.set === set && each.metrics.some(({ metric }) => metric === name));
    const metric = result?.metrics.find((each) => each.metric === name);
    return metric && Number.isFinite(metric.value) ? [{ seed, examples: result!.examples, metric }] : [];
  });
}

function cellOf(found: readonly Measured[]): Cell | undefined {
  const [first] = found;
  if (!first) return undefined;
  const { value, low, high } = first.metric;
  if (found.length === 1) return { value, low, high, runs: 1 };
  return { ...studentInterval(found.map(({ metric }) => metric.value)), runs: found.length };
}

function differenceOf(
  base: readonly Measured[],
  other: readonly Measured[],
  higherIsBetter: boolean,
): Difference | undefined {
  if (base.length === 0 || other.length === 0) return undefined;
  const judged = (range: MeanInterval, pairs: Difference["pairs"], count: number): Difference => {
    const clear = range.low > 0 || range.high < 0;
    const verdict = !clear ? "unclear" : range.value > 0 === higherIsBetter ? "better" : "worse";
    return { ...range, pairs, count, verdict };
  };
  const bySeed = new Map(base.map((each) => [each.seed, each]));
  const pairs = other.flatMap((each) => (bySeed.has(each.seed) ? [[bySeed.get(each.seed)!, each] as const] : []));
  if (pairs.length > 1) {
    const differences = pairs.map(([one, two]) => two.metric.value - one.metric.value);
    return judged(studentInterval(differences), "seeds", pairs.length);
  }
  const [one, two] = pairs[0] ?? [base[0]!, other[0]!];
  const [a, b] = [one.metric.each, two.metric.each];
  const same = one.examples !== undefined && one.examples === two.examples;
  if (base.length === 1 && other.length === 1 && same && a && b && a.length === b.length && a.length > 1)
    return judged(studentInterval(b.map((value, at) => value - a[at]!)), "examples", a.length);
  const [x, y] = [cellOf(base)!, cellOf(other)!];
  const value = y.value - x.value;
  const spread = Math.hypot((x.high - x.low) / 2, (y.high - y.low) / 2);
  return judged({ value, low: value - spread, high: value + spread }, "none", base.length + other.length);
}
