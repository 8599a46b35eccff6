import { z } from "zod";
import type { LogRecord } from "../channels/channel.ts";
import type { channels } from "../channels/channels.ts";
import { type ErrorCode, type ErrorReport, errorCodes } from "../core/errors.ts";

const errorReport: z.ZodType<ErrorReport> = z.looseObject({
  code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
  message: z.string(),
  block: z.string().exactOptional(),
  port: z.string().exactOptional(),
  field: z.string().exactOptional(),
  fix: z.string().exactOptional(),
});

const runStatus = z.enum(["queued", "running", "paused", "stopping", "succeeded", "stopped", "failed"]);
const nodeState = z.enum(["idle", "queued", "running", "succeeded", "failed", "stopped"]);

/** The values of the records that tell how a run goes. What is watched in it has channels of its own: src/channels. */
export const lifecycle = {
  /** A process begins to carry the run out. */
  run: z.object({
    name: z.string(),
    seed: z.int(),
    device: z.object({ name: z.string(), reason: z.string(), description: z.string() }),
    /** Step that the run continues from; 0 for a new one. */
    from: z.int(),
  }),
  status: z.object({ status: runStatus, error: errorReport.exactOptional() }),
  /** Bytes that the run needs of its device at most, and how many there are where the device tells. */
  memory: z.object({ needs: z.number(), has: z.number().exactOptional() }),
  node: z.object({
    node: z.string(),
    state: nodeState,
    /** What it is doing: `rendering drawings`, `training`. */
    activity: z.string().exactOptional(),
    step: z.int().exactOptional(),
    total: z.int().exactOptional(),
    error: errorReport.exactOptional(),
  }),
  /** What is about to be trained; comes once, before the first step. */
  training: z.object({ node: z.string(), steps: z.int(), weights: z.int(), trainable: z.int() }),
  /** A checkpoint was written at the record's step. */
  checkpoint: z.object({ file: z.string() }),
  /** Something to know that is no failure: skipped images, a slower device. */
  message: z.object({
    level: z.enum(["info", "warning"]),
    message: z.string(),
    node: z.string().exactOptional(),
  }),
} as const;

type Lifecycle = typeof lifecycle;
type Channels = (typeof channels)[number];
type Body<Name extends string, Schema extends z.ZodType> = { channel: Name; step?: number; value: z.input<Schema> };

/** A record as it is appended to a log: without its number and time. */
export type RecordBody =
  | { [Name in keyof Lifecycle]: Body<Name, Lifecycle[Name]> }[keyof Lifecycle]
  | { [C in Channels as C["name"]]: Body<C["name"], C["value"]> }[Channels["name"]];

/** Where records go: a run's log, or whatever only listens. */
export interface RecordSink {
  append(record: RecordBody): unknown;
}

export type RunStatus = z.output<typeof runStatus>;
export type NodeRunState = z.output<typeof nodeState>;
export type LifecycleValue<Name extends keyof Lifecycle> = z.output<Lifecycle[Name]>;
/** A message with the number and time of its record. */
export type Message = LifecycleValue<"message"> & Pick<LogRecord, "seq" | "time">;

const endings: ReadonlySet<RunStatus> = new Set(["succeeded", "stopped", "failed"]);

/** Whether a run with this status is over. */
export function isOver(status: RunStatus): boolean {
  return endings.has(status);
}

/** Whether a record is the last of a run. */
export function endsRun({ channel, value }: Pick<LogRecord, "channel" | "value">): boolean {
  const status = channel === "status" && lifecycle.status.safeParse(value);
  return status !== false && status.success && isOver(status.data.status);
}
