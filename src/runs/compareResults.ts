import type { MetricResult, Result } from "../channels/results.ts";

/** What is compared: one pipeline, by the results of its runs. */
export interface Version {
  name: string;
  runs: readonly { seed: number; results: readonly Result[] }[];
}

/** A mean with its 95% interval. */
export interface Range {
  value: number;
  low: number;
  high: number;
}

/** What one version came to by a metric; its interval is over its runs where there are several, else over the examples of the one. */
export interface Cell extends Range {
  runs: number;
}

/** How much more than the first version another one has. */
export interface Difference extends Range {
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
 * interval d ± t(n - 1) sd(d) / √n. One run each is compared example by example in the same way, with the normal distribution.
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
  const judged = (range: Range, pairs: Difference["pairs"], count: number): Difference => {
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

/** Two-sided 95% points of Student's t by degrees of freedom, from 1; the normal distribution's beyond. */
const points = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** The mean of two or more values with its 95% interval. */
function studentInterval(values: readonly number[]): Range {
  const count = values.length;
  const value = values.reduce((sum, each) => sum + each, 0) / count;
  const variance = values.reduce((sum, each) => sum + (each - value) ** 2, 0) / (count - 1);
  const spread = (points[count - 2] ?? 1.96) * Math.sqrt(variance / count);
  return { value, low: value - spread, high: value + spread };
}
