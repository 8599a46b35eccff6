import { open } from "node:fs/promises";
import { join } from "node:path";
import type { LogRecord } from "../channels/channel.ts";
import { folderError } from "./folderError.ts";
import { type Damage, parseLog } from "./parseLog.ts";

export const logFile = "events.jsonl";

const firstBytes = 4 * 1024 * 1024;
const newline = 10;

/** Reads a log from where it left off. Only whole lines count: a line that is being written comes later, once. */
export class LogReader {
  readonly #folder: string;
  #next: number;
  #offset = 0;
  /** How many lines were read. */
  #lines = 0;
  readonly #onDamage: ((damage: Damage) => void) | undefined;

  /**
   * @param from the least `seq` of the records to give
   * @param onDamage is called for lines that are passed over
   */
  constructor(folder: string, from: number, onDamage?: (damage: Damage) => void) {
    this.#folder = folder;
    this.#next = from;
    this.#onDamage = onDamage;
  }

  /** The records that came since the last time, in order; at most a few megabytes of them, none if there are none. */
  async read(): Promise<LogRecord[]> {
    try {
      const handle = await open(join(this.#folder, logFile), "r");
      try {
        const { size } = await handle.stat();
        if (size < this.#offset) this.#offset = 0; // another file of that name: `seq` passes over what was given
        const records: LogRecord[] = [];
        while (records.length === 0 && this.#offset < size) {
          const lines = await this.#readLines(handle, size);
          if (!lines) break;
          for (const record of this.#fresh(lines)) records.push(record);
        }
        return records;
      } finally {
        await handle.close();
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw folderError(error, this.#folder);
    }
  }

  /** The whole lines of the next piece of the file, or undefined if there is no whole line yet. */
  async #readLines(handle: Awaited<ReturnType<typeof open>>, size: number): Promise<string[] | undefined> {
    for (let length = firstBytes; ; length *= 2) {
      const piece = Buffer.alloc(Math.min(length, size - this.#offset));
      const { bytesRead } = await handle.read(piece, 0, piece.length, this.#offset);
      const end = piece.subarray(0, bytesRead).lastIndexOf(newline);
      if (end >= 0) {
        this.#offset += end + 1;
        return piece.toString("utf8", 0, end).split("\n");
      }
      if (bytesRead < length) return undefined;
    }
  }

  #fresh(lines: string[]): LogRecord[] {
    const first = this.#lines + 1;
    this.#lines += lines.length;
    const tell = this.#onDamage;
    const damage = tell && ((index: number, reason: string) => tell({ line: first + index, reason }));
    const records = parseLog(lines, this.#next, this.#offset, damage);
    const last = records.at(-1);
    if (last) this.#next = last.seq + 1;
    return records;
  }
}

/** The records of a run's log with `seq` from `from` on. A run without a log has none. */
export async function readRecords(folder: string, from = 0): Promise<LogRecord[]> {
  const reader = new LogReader(folder, from);
  const records: LogRecord[] = [];
  for (;;) {
    const more = await reader.read();
    if (more.length === 0) return records;
    for (const record of more) records.push(record);
  }
}

/** What of a run's log cannot be used. */
export async function findDamage(folder: string): Promise<Damage[]> {
  const found: Damage[] = [];
  const reader = new LogReader(folder, 0, (damage) => found.push(damage));
  while ((await reader.read()).length > 0);
  return found;
}
