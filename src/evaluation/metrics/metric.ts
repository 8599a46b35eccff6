import type { EvaluationSet, Example } from "../../data/evaluationSet.ts";
import type { TextTokenizer } from "../../data/tokenizer.ts";
import type { Estimate } from "../intervals.ts";
import type { TextScore } from "../score.ts";

/** What a model answers about an example. An evaluation computes what the chosen metrics need, in this order. */
export interface Observations {
  /** The text that it generates. */
  generated: { tokens: readonly number[]; text: string };
  /** The log-likelihood of each candidate. */
  candidateScores: readonly TextScore[];
  /** The log-likelihood of the label. */
  labelScore: TextScore;
  /** The same with the media of another example. */
  shuffledScore: TextScore;
  /** The same by the language model alone. */
  textOnlyScore: TextScore;
}

export type Observation = keyof Observations;
export const observations = [
  "generated",
  "candidateScores",
  "labelScore",
  "shuffledScore",
  "textOnlyScore",
] as const satisfies readonly Observation[];

/** Fields of an example that a metric compares with. */
export type Reference = "captions" | "answers" | "candidates" | "right" | "group";

/** An example with what the model answered about it. */
export type Case<N extends Observation, R extends Reference> = Pick<Observations, N> & {
  example: Example & Required<Pick<Example, R>>;
};

/** What a metric may know beside its cases. */
export interface MetricContext {
  set: Pick<EvaluationSet, "groups">;
  tokenizer: Pick<TextTokenizer, "encode">;
}

/** A function of predictions and references, with a confidence interval. */
export interface Metric<N extends Observation = Observation, R extends Reference = Reference> {
  /** camelCase, as in logs. */
  name: string;
  title: string;
  /** One sentence: what it measures. */
  description: string;
  /** `share` for a fraction of the examples, else the unit itself; empty where the metric has a scale of its own. */
  unit: string;
  paper?: string;
  higherIsBetter: boolean;
  /** What it needs of the model. */
  needs: readonly N[];
  /** What it needs of each example; those without are not counted. */
  references: readonly R[];
  /** Whether it fits these examples, beyond the fields that they have. */
  fits?(examples: readonly Example[]): boolean;
  value(cases: readonly Case<N, R>[], context: MetricContext): Estimate;
}

/**
 * Defines a metric.
 *
 * @example
 * export const meanLength = defineMetric({
 *   name: "meanLength", title: "Mean length", description: "How many tokens captions have.", unit: "tokens",
 *   higherIsBetter: false, needs: ["generated"], references: [],
 *   value: (cases) => meanOf(cases.map(({ generated }) => generated.tokens.length)),
 * });
 */
export function defineMetric<const N extends Observation, const R extends Reference>(
  metric: Metric<N, R>,
): Metric<N, R> {
  return metric;
}

/** Whether all examples have the same candidates: then they are classes. */
export function areClasses(examples: readonly Example[]): boolean {
  const first = examples[0]?.candidates?.join("\n");
  return first !== undefined && examples.every(({ candidates }) => candidates?.join("\n") === first);
}
