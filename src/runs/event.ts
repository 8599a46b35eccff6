import { z } from "zod";
import { type ErrorCode, type ErrorReport, errorCodes } from "../core/errors.ts";

const errorReport: z.ZodType<ErrorReport> = z.looseObject({
  code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
  message: z.string(),
  block: z.string().exactOptional(),
  port: z.string().exactOptional(),
  fix: z.string().exactOptional(),
});

/** A number as a log can hold it: JSON has no NaN, so what is not finite is null. */
const number = z.number().nullable();
const nodeState = z.enum(["idle", "queued", "running", "succeeded", "failed", "stopped"]);

/** A captioned picture of the fixed set that is looked at again and again while training goes on. */
const sample = z.object({
  /** Index among the pinned pictures: its picture is `pinned-<index>.png` in the run folder. */
  image: z.int(),
  /** What it shows, in words. */
  label: z.string(),
  caption: z.string(),
  /** Mean log-likelihood of the label, in nats a word, with this picture. */
  logLikelihood: number.optional(),
});

/** What a metric came to on an evaluation set, with its 95% interval. */
const metricResult = z.object({
  /** Name of the metric's definition: `exact`, `cider`. */
  metric: z.string(),
  title: z.string(),
  /** `share` for a fraction of the examples, `nats/token`; none where the metric has a scale of its own. */
  unit: z.string().exactOptional(),
  value: number,
  low: number,
  high: number,
  /** Examples that were counted; for a share also how many of them were right. */
  count: z.int(),
  hits: z.int().exactOptional(),
});

const body = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("run:started"),
    name: z.string(),
    seed: z.int(),
    device: z.object({ name: z.string(), reason: z.string(), description: z.string() }),
    /** Step that the run continues from; 0 for a new one. */
    from: z.int(),
  }),
  /** Bytes that the run will need of its device at most, and how many there are where the device tells. */
  z.object({ type: z.literal("run:memory"), needs: z.number(), has: z.number().optional() }),
  z.object({ type: z.literal("run:state"), state: z.enum(["queued", "running", "paused", "stopping"]) }),
  z.object({
    type: z.literal("run:finished"),
    outcome: z.enum(["succeeded", "stopped", "failed"]),
    error: errorReport.optional(),
  }),
  z.object({
    type: z.literal("node:state"),
    node: z.string(),
    state: nodeState,
    /** What it is doing: `rendering drawings`, `training`. */
    activity: z.string().optional(),
    step: z.int().optional(),
    total: z.int().optional(),
    error: errorReport.optional(),
  }),
  /** What is about to be trained; comes once, before the first step. */
  z.object({
    type: z.literal("train:started"),
    node: z.string(),
    steps: z.int(),
    /** Names of the tanh gates, in the order in which `train:step` gives their values. */
    gates: z.array(z.string()),
    weights: z.int(),
    trainable: z.int(),
  }),
  z.object({
    type: z.literal("train:step"),
    step: z.int(),
    /** Nats a token. */
    loss: number,
    /** Learning rate of the parts whose multiplier is 1. */
    rate: z.number(),
    /** Global norm of the gradient, before clipping. */
    norm: number,
    /** tanh of every gate, after the step. */
    gates: z.array(number),
    milliseconds: z.number(),
    /** Share of that time in which the device waited for data, 0 to 1; logs of earlier versions have none. */
    waiting: z.number().exactOptional(),
  }),
  z.object({ type: z.literal("train:checkpoint"), step: z.int(), file: z.string() }),
  z.object({ type: z.literal("inspect:samples"), step: z.int(), samples: z.array(sample) }),
  /** An attention frame was written; its numbers are in the file. */
  z.object({ type: z.literal("inspect:attention"), step: z.int(), file: z.string() }),
  z.object({
    type: z.literal("evaluate:result"),
    node: z.string(),
    /** Name of the evaluation set: `unseenStyle`, `unseenConcepts`. */
    set: z.string(),
    title: z.string(),
    metrics: z.array(metricResult),
  }),
  /** Something a person should know that is no failure: skipped pictures, a slower device. */
  z.object({
    type: z.literal("log:message"),
    level: z.enum(["info", "warning"]),
    message: z.string(),
    node: z.string().optional(),
  }),
]);

/** One line of a run's log. `seq` counts from 0 without gaps; `time` is milliseconds since 1970. */
export const runEventSchema = z.intersection(z.object({ seq: z.int().nonnegative(), time: z.number() }), body);

export type RunEventBody = z.output<typeof body>;
export type RunEvent = { seq: number; time: number } & RunEventBody;
export type RunEventOf<Type extends RunEventBody["type"]> = Extract<RunEvent, { type: Type }>;
export type NodeRunState = z.output<typeof nodeState>;
export type Sample = z.output<typeof sample>;
export type MetricResult = z.output<typeof metricResult>;
