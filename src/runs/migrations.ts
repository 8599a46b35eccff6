import type { LogRecord } from "../channels/channel.ts";
import type { Gate } from "../channels/gates.ts";
import type { MetricResult } from "../channels/results.ts";
import { words } from "../figures/numbers.ts";

/** A line of a log of version 1: a number, a time, and an event with fields of its own. */
export interface Version1Line {
  seq: number;
  time: number;
  type: string;
  // biome-ignore lint/suspicious/noExplicitAny: each type of event had other fields; what they become is checked when folded
  [field: string]: any;
}

/** Records of one line are numbered from `seq * span`, so that numbers keep growing through any mixture of lines. */
const span = 8;

/** The records that a line of version 1 stands for. */
export function migrateLine(line: Version1Line): LogRecord[] {
  return (migrations[line.type]?.(line) ?? []).map(({ value, ...body }, index) => ({
    seq: line.seq * span + index,
    time: line.time,
    ...body,
    value: JSON.parse(JSON.stringify(value)) as unknown, // without fields that the line did not have
  }));
}

type Migrated = Pick<LogRecord, "channel" | "step" | "value">;

const migrations: Record<string, (line: Version1Line) => Migrated[]> = {
  "run:started": ({ name, seed, device, from }) => [{ channel: "run", value: { name, seed, device, from } }],
  "run:memory": ({ needs, has }) => [{ channel: "memory", value: { needs, has } }],
  "run:state": ({ state }) => [{ channel: "status", value: { status: state } }],
  "run:finished": ({ outcome, error }) => [{ channel: "status", value: { status: outcome, error } }],
  "node:state": ({ seq, time, type, ...value }) => [{ channel: "node", value }],
  "train:started": ({ node, steps, weights, trainable, gates }) => [
    { channel: "training", value: { node, steps, weights, trainable } },
    ...(gates.length > 0 ? [{ channel: "gates", value: { gates: readGates(gates) } }] : []),
  ],
  "train:step": ({ step, loss, rate, norm, gates, milliseconds, waiting }) => [
    { channel: "loss", step, value: { total: loss } },
    { channel: "optimizer", step, value: { rate, norm } },
    ...(gates.length > 0 ? [{ channel: "gates", step, value: gates }] : []),
    { channel: "time", step, value: { milliseconds, waiting } },
  ],
  "train:checkpoint": ({ step, file }) => [{ channel: "checkpoint", step, value: { file } }],
  "inspect:samples": ({ step, samples }) => [{ channel: "samples", step, value: samples }],
  "inspect:attention": ({ step, file }) => [{ channel: "attention", step, value: { file } }],
  "evaluate:result": ({ node, set, title, shares, means, metrics }) => [
    { channel: "results", value: { node, set, title, metrics: metrics ?? earlierResults(shares, means) } },
  ],
  "log:message": ({ level, message, node }) => [{ channel: "message", value: { level, message, node } }],
};

/** Today's names and titles of the metrics that earlier versions had. */
const earlierMetrics: Readonly<Record<string, { metric: string; title: string }>> = {
  exact: { metric: "exactCaption", title: "Exact caption" },
  subgroup: { metric: "rightGroup", title: "Label of the right group" },
  best: { metric: "bestCandidate", title: "Best of the candidates" },
  right: { metric: "logLikelihood", title: "Log-likelihood" },
  shuffled: { metric: "shuffledLogLikelihood", title: "Log-likelihood, shuffled images" },
  rightMinusShuffled: { metric: "gainOverShuffled", title: "Gain over shuffled images" },
  alone: { metric: "textOnlyLogLikelihood", title: "Log-likelihood, text only" },
  rightMinusAlone: { metric: "gainOverTextOnly", title: "Gain over text only" },
};

type EarlierValues = Record<string, Omit<MetricResult, "metric" | "title" | "unit">>;

/** The first results had `shares` of examples and `means` of log-likelihoods, by the metric's name. */
function earlierResults(shares: EarlierValues, means: EarlierValues): MetricResult[] {
  const withUnit = (unit: string, values: EarlierValues) =>
    Object.entries(values).map(([name, value]) => ({
      ...(earlierMetrics[name] ?? { metric: name, title: name }),
      unit,
      ...value,
    }));
  return [...withUnit("share", shares), ...withUnit("nats/token", means)];
}

/** Version 1 had a gate's place only in the name of its weight: `model.layers.2.attn_gate`. */
function readGates(names: readonly string[]): Gate[] {
  const layerOf = (name: string) => Number(name.match(/\d+/g)?.at(-1) ?? 0);
  const layers = [...new Set(names.map(layerOf))].sort((a, b) => a - b);
  return names.map((name) => {
    const [node = name, ...path] = name.split(".");
    return { node, path, layer: layers.indexOf(layerOf(name)), update: updateOf(path.at(-1) ?? name) };
  });
}

function updateOf(name: string): string {
  if (/^(attn|attention|xattn)/i.test(name)) return "Masked cross-attention";
  return /^(ff|mlp|feed)/i.test(name) ? "Feed-forward" : words(name);
}
