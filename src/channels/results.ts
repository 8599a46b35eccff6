import { z } from "zod";
import { formatMetric } from "../figures/numbers.ts";
import { defineChannel, number } from "./channel.ts";

/** What a metric came to on an evaluation set, with its 95% interval. */
const metricResult = z.object({
  /** Name of the metric's definition: `exact`, `cider`. */
  metric: z.string(),
  title: z.string(),
  /** What it measures, in a sentence. */
  description: z.string().exactOptional(),
  /** `share` for a fraction of the examples, `nats/token`; none where the metric has a scale of its own. */
  unit: z.string().exactOptional(),
  /** True where it is not said. */
  higherIsBetter: z.boolean().exactOptional(),
  value: number,
  low: number,
  high: number,
  /** Examples that were counted; for a share also how many of them were right. */
  count: z.int(),
  hits: z.int().exactOptional(),
  /** The value of each example, in their order, where the metric is their mean. */
  each: z.array(number).readonly().exactOptional(),
});

const result = z.object({
  /** Node that evaluated. */
  node: z.string(),
  /** Name of the evaluation set: `unseenStyle`. */
  set: z.string(),
  /** As a person reads it. */
  title: z.string(),
  /** Fingerprint of the examples: two results of the same one are of the same examples in the same order. */
  examples: z.string().exactOptional(),
  metrics: z.array(metricResult),
});

export type MetricResult = z.output<typeof metricResult>;
export type Result = z.output<typeof result>;

/** What the evaluations of a run found: the last one of each node and set. */
export const results = defineChannel({
  name: "results",
  title: "Results",
  summary: "Evaluation results, with counts and 95% intervals.",
  order: 7,
  value: result,
  empty: [] as readonly Result[],
  fold: (state, value) => [...state.filter(({ node, set }) => node !== value.node || set !== value.set), value],
  rewind: () => [],
  text: resultLines,
  table: (state) => ({
    columns: ["node", "set", "metric", "unit", "value", "low", "high", "count", "hits"],
    rows: state.flatMap(({ node, set, metrics }) =>
      metrics.map(({ metric, unit = "", value, low, high, count, hits = "" }) => {
        return [node, set, metric, unit, value, low, high, count, hits];
      }),
    ),
  }),
});

/** A set's results as lines: its title, then each metric with its 95% interval and the number of examples. */
export function resultLines({ title, metrics }: Result): string[] {
  const widest = Math.max(0, ...metrics.map((each) => each.title.length));
  const lines = metrics.map((each) => {
    const [value, low, high] = [each.value, each.low, each.high].map((one) => formatMetric(one, each.unit));
    const examples = each.hits === undefined ? `of ${each.count}` : `${each.hits} of ${each.count}`;
    const unit = each.unit === undefined || each.unit === "share" ? "" : ` ${each.unit}`;
    return `  ${each.title.padEnd(widest)}  ${value!.padStart(7)}${unit}  [${low}, ${high}]  ${examples}`;
  });
  return [title, ...lines];
}
