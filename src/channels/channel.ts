import { z } from "zod";

/** A line of a run's log. `seq` grows from line to line; `time` is milliseconds since 1970. */
export interface LogRecord<Channel extends string = string, Value = unknown> {
  seq: number;
  time: number;
  channel: Channel;
  /** Step of training that it belongs to; absent where it belongs to none. */
  step?: number;
  value: Value;
}

/** Where a value belongs. */
export type At = Pick<LogRecord, "seq" | "time" | "step">;

/** Rows for export as CSV or JSON. */
export interface Table {
  columns: readonly string[];
  rows: readonly (readonly (string | number)[])[];
}

/**
 * One kind of thing that is watched in a run, from the log to the screen. Everything here is plain code that runs in a
 * browser; what is read out of a model is named as data in `probe`, and src/inspection reads it.
 */
export interface Channel<Name extends string = string, Schema extends z.ZodType = z.ZodType, State = unknown> {
  /** What its records are marked with. */
  name: Name;
  /** Title of its panel. */
  title: string;
  /** One sentence: what the panel shows. */
  summary: string;
  /** A record's value. */
  value: Schema;
  /** What the run's state holds of it before the first record. */
  empty: State;
  /** The state with one value more. Must leave `state` as it is. */
  fold(state: State, value: z.output<Schema>, at: At): State;
  /** The state without what came after a step: a resumed run does it again. */
  rewind(state: State, step: number): State;
  /** A value as lines for a terminal; without this it is not printed. */
  text?(value: z.output<Schema>, at: At): string[];
  /** The state in a few words for a line of progress. */
  status?(state: State): string | undefined;
  table(state: State): Table;
}

/** Defines a channel. */
export function defineChannel<const Name extends string, Schema extends z.ZodType, State>(
  channel: Channel<Name, Schema, State>,
): Channel<Name, Schema, State> {
  return channel;
}

/** What JSON has no number for is a string in the log; null, in logs of version 1, is a number that was not finite. */
const notFinite = { NaN: Number.NaN, Infinity: Number.POSITIVE_INFINITY, "-Infinity": Number.NEGATIVE_INFINITY };

/** A number in a record's value, whether or not it is finite. */
export const number: z.ZodType<number> = z.union([
  z.custom<number>((value) => typeof value === "number"),
  z.enum(["NaN", "Infinity", "-Infinity"]).transform((name) => notFinite[name]),
  z.null().transform(() => Number.NaN),
]);

/** A record as JSON, with numbers that are not finite as strings. */
export function printRecord(record: LogRecord): string {
  return JSON.stringify(record, (_key, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
  );
}
