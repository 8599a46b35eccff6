import { z } from "zod";
import type { LogRecord } from "../channels/channel.ts";
import { channels } from "../channels/channels.ts";
import { migrateLine, type Version1Line } from "./migrations.ts";
import { lifecycle } from "./record.ts";

/** A line of a log of which nothing, or not all, can be used. */
export interface Damage {
  /** From 1. */
  line: number;
  reason: string;
}

const frame = z.object({
  seq: z.int().nonnegative(),
  time: z.number(),
  channel: z.string(),
  step: z.int().nonnegative().optional(),
});
const channelValues = new Map<string, z.ZodType>([
  ...Object.entries(lifecycle),
  ...channels.map(({ name, value }): [string, z.ZodType] => [name, value]),
]);

/**
 * The records of lines that follow each other in a log, in order. A line that is damaged costs its own record and no
 * other: one that is no JSON, lacks its fields, or has a number that does not fit between those around it.
 *
 * @param next the least `seq` that is wanted
 * @param bytes length of the log up to the end of these lines: no record's `seq` is larger
 * @param damage is called for what is passed over, by index of the line; without it values are left to whoever folds them
 */
export function parseLog(
  lines: readonly string[],
  next: number,
  bytes: number,
  damage?: (index: number, reason: string) => void,
): LogRecord[] {
  const found = lines.flatMap((line, index) => recordsOf(line, index, damage));
  const records: LogRecord[] = [];
  let least = next;
  found.forEach(({ record, index }, at) => {
    const { seq } = record;
    if (seq < least) {
      if (at > 0 && seq >= next) damage?.(index, `its number ${seq} stands after ${least - 1}`);
      return;
    }
    // A number that is too high would make all that follow it look as if they were seen already.
    const after = found[at + 1]?.record.seq;
    if (seq > bytes || (seq > least && after !== undefined && after >= least && after <= seq)) {
      damage?.(index, `its number ${seq} stands after ${least - 1}`);
      return;
    }
    least = seq + 1;
    records.push(record);
  });
  return records;
}

interface Found {
  record: LogRecord;
  index: number;
}

function recordsOf(
  line: string,
  index: number,
  damage: ((index: number, reason: string) => void) | undefined,
): Found[] {
  if (line === "") return [];
  const values = valuesOf(line);
  if (values.damaged) damage?.(index, "it is no JSON");
  return values.read.flatMap((value) => {
    const records = read(value);
    if (typeof records === "string") {
      damage?.(index, records);
      return [];
    }
    if (damage) for (const record of records) tellValue(record, index, damage);
    return records.map((record) => ({ record, index }));
  });
}

/** What a line holds. Where the end of the line before is damaged, two records stand in one line. */
function valuesOf(line: string): { read: unknown[]; damaged: boolean } {
  const whole = parseJson(line);
  if (whole !== undefined) return { read: [whole], damaged: false };
  const read = line.split(/(?=\{"seq":)/).flatMap((part) => parseJson(part) ?? parseJson(part.slice(0, -1)) ?? []);
  return { read, damaged: true };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The records that a line's value stands for, or why there are none. */
function read(value: unknown): LogRecord[] | string {
  const isVersion1 = typeof value === "object" && value !== null && "type" in value && !("channel" in value);
  try {
    const records = isVersion1 ? migrateLine(value as Version1Line) : [value as LogRecord];
    for (const record of records) {
      const { error } = frame.safeParse(record);
      if (error) return reasonOf(error);
    }
    return records;
  } catch {
    return "it lacks fields that its type has";
  }
}

function tellValue(
  { channel, value }: LogRecord,
  index: number,
  damage: (index: number, reason: string) => void,
): void {
  const schema = channelValues.get(channel);
  const error = schema?.safeParse(value).error;
  if (!schema) damage(index, `there is no channel "${channel}"`);
  else if (error) damage(index, `${channel}: ${reasonOf(error)}`);
}

function reasonOf({ issues }: z.ZodError): string {
  const { path, message } = issues[0]!;
  return `${path.join(".") || "the record"}: ${message}`;
}
