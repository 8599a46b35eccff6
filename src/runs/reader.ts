import { open } from "node:fs/promises";
import { join } from "node:path";
import type { RunEvent } from "./event.ts";
import { folderError } from "./folderError.ts";
import { migrateEvent } from "./migrations.ts";

export const eventsFile = "events.jsonl";

const firstBytes = 4 * 1024 * 1024;
const newline = 10;

/** Reads a log from where it left off. Only whole lines count, so a line that is being written comes later, once. */
export class LogReader {
  readonly #folder: string;
  #next: number;
  #offset = 0;

  /** @param from the `seq` of the first event to give */
  constructor(folder: string, from: number) {
    this.#folder = folder;
    this.#next = from;
  }

  /** The events that came since the last time, in order; at most a few megabytes of them, none if there are none. */
  async read(): Promise<RunEvent[]> {
    try {
      const handle = await open(join(this.#folder, eventsFile), "r");
      try {
        const { size } = await handle.stat();
        if (size < this.#offset) this.#offset = 0; // another file of that name: `seq` passes over what was given
        const events: RunEvent[] = [];
        while (events.length === 0 && this.#offset < size) {
          const lines = await this.#readLines(handle, size);
          if (!lines) break;
          events.push(...this.#fresh(lines));
        }
        return events;
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

  #fresh(lines: string[]): RunEvent[] {
    const events: RunEvent[] = [];
    for (const line of lines) {
      const event = parseEvent(line);
      if (!event || event.seq < this.#next) continue;
      this.#next = event.seq + 1;
      events.push(event);
    }
    return events;
  }
}

/** The events of a run's log with `seq` from `from` on. A run without a log has none. */
export async function readEvents(folder: string, from = 0): Promise<RunEvent[]> {
  const reader = new LogReader(folder, from);
  const events: RunEvent[] = [];
  for (;;) {
    const more = await reader.read();
    if (more.length === 0) return events;
    for (const event of more) events.push(event);
  }
}

/** The event of a line, or undefined if the line is damaged. */
export function parseEvent(line: string): RunEvent | undefined {
  try {
    const event = JSON.parse(line) as RunEvent;
    return Number.isInteger(event.seq) ? migrateEvent(event) : undefined;
  } catch {
    return undefined;
  }
}
