import { z } from "zod";
import type { Figure, Panel } from "../figures/figure.ts";

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

/** How far the run is that a figure is of. */
export interface Frame {
  /** The last step that is there, and how many there will be. */
  step: number;
  steps: number;
  /** The steps that a person has zoomed in on: lines have their points from there. All steps without it. */
  zoom?: readonly [number, number] | undefined;
}

/** A small figure on a node's card. */
export interface Card {
  caption: string;
  value: string;
  panel: Panel;
  /** What it shows, for hovering. */
  hint: string;
}

/** A node that a card may stand on. */
export interface CardNode {
  id: string;
  /** Category of its block: `Loss`. */
  category: string;
}

/**
 * One kind of thing that is watched in a run, from the log to the screen: page, notebooks, command line and export take it
 * from here. Everything in it is plain code that runs in a browser; what is read out of a model is named as data in
 * `probe`, and src/inspection reads it.
 */
export interface Channel<
  Name extends string = string,
  Schema extends z.ZodType = z.ZodType,
  State = unknown,
  View extends z.ZodObject = z.ZodObject,
> {
  /** What its records are marked with. */
  name: Name;
  /** Title of its panel. */
  title: string;
  /** One sentence: what the panel shows. */
  summary: string;
  /** Where its panel stands among the others: those with less are before it, those without come last. */
  order?: number;
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
  /** What a person can choose of the figure. Each field has a default and a title; panels make their controls from it. */
  view?: View;
  /** The state as a figure; undefined while there is nothing to show. */
  figure?(state: State, view: z.output<View>, frame: Frame): Figure | undefined;
  /** A small figure for a node's card; undefined for a node that it has nothing to do with. */
  card?(state: State, node: CardNode, frame: Frame): Card | undefined;
  /** True for what is shown with the run itself: below a notebook's cell while it trains. */
  overview?: true;
  /** What is read out of the model for it, every so many steps. Without this, what carries the run out appends its records. */
  probe?: ProbeRequest<z.input<Schema>>;
}

/** Values that a channel reads inside a model. */
export interface ProbeRequest<Value> {
  /** Steps between two readings. */
  every: number;
  /** How many readings a run has at most: one of many steps is read less often. As many as there are without it. */
  most?: number;
  /** Which values, as data: the engine's side finds and reads them. */
  reads: readonly PortReading[];
  /** The record's value, from what was read at one step, in the order in which it was computed. */
  value(readings: readonly Reading[]): Value;
}

/** A port, or a declared probe, of every block of a type. */
export interface PortReading {
  /** Type of the block: `GatedXattnDense`. */
  block: string;
  /** Type of the block that it must stand in, directly: the `Attention` of a `MaskedCrossAttention`. */
  within?: string;
  /** Name of an input or output port, or of a probe that the block declares. */
  of: { input: string } | { output: string } | { probe: string };
  /** So many of its numbers at most, evenly spaced; all of them without it. Then `shape` is that of the whole. */
  atMost?: number;
}

/** A tensor that was read: its numbers, and where. */
export interface Reading {
  /** Node of the pipeline, and names of the blocks from there to the one that was read. */
  node: string;
  path: readonly string[];
  /** Type of the block whose output each of its input ports gets. */
  inputs: Readonly<Record<string, string | undefined>>;
  read: PortReading;
  shape: readonly number[];
  data: Float32Array;
}

/** A channel of any kind, as lists hold it. */
// biome-ignore lint/suspicious/noExplicitAny: the state's type matters where a channel is folded, not where it is listed
export type AnyChannel = Channel<string, any, any, any>;

/** Defines a channel. */
export function defineChannel<
  const Name extends string,
  Schema extends z.ZodType,
  State,
  // biome-ignore lint/complexity/noBannedTypes: a channel whose figure has nothing to choose
  View extends z.ZodObject = z.ZodObject<{}>,
>(channel: Channel<Name, Schema, State, View>): Channel<Name, Schema, State, View> {
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
