import type { MetricResult, RunEvent } from "./event.ts";

/** Today's names and titles of the metrics that earlier versions had. */
const earlierMetrics: Readonly<Record<string, { metric: string; title: string }>> = {
  exact: { metric: "exact", title: "Exact caption" },
  subgroup: { metric: "subgroup", title: "Right subgroup" },
  best: { metric: "best", title: "Best of the candidates" },
  right: { metric: "logLikelihood", title: "Log-likelihood" },
  shuffled: { metric: "shuffledLogLikelihood", title: "Log-likelihood, shuffled images" },
  rightMinusShuffled: { metric: "gainOverShuffled", title: "Gain over shuffled images" },
  alone: { metric: "textOnlyLogLikelihood", title: "Log-likelihood, text only" },
  rightMinusAlone: { metric: "gainOverTextOnly", title: "Gain over text only" },
};

/** A result as earlier versions wrote it: `shares` of examples and `means` of log-likelihoods, by the metric's name. */
interface EarlierResult {
  type: "evaluate:result";
  shares: Record<string, Omit<MetricResult, "metric" | "title" | "unit">>;
  means: Record<string, Omit<MetricResult, "metric" | "title" | "unit">>;
}

/** Brings an event of an earlier version's log into today's form; any other event is returned as it is. */
export function migrateEvent(event: RunEvent): RunEvent {
  if (event.type !== "evaluate:result" || event.metrics) return event;
  const { shares, means, ...rest } = event as unknown as RunEvent & EarlierResult;
  const withUnit = (unit: string, values: EarlierResult["means"]): MetricResult[] =>
    Object.entries(values).map(([name, value]) => ({
      ...(earlierMetrics[name] ?? { metric: name, title: name }),
      unit,
      ...value,
    }));
  return { ...rest, metrics: [...withUnit("share", shares), ...withUnit("nats/token", means)] } as RunEvent;
}
