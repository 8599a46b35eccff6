import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import type { AnyChannel, LogRecord } from "../../src/channels/channel.ts";
import { channels } from "../../src/channels/channels.ts";
import type { ChannelName } from "../../src/runs/channelFigure.ts";
import { diskUse } from "../../src/runs/diskUse.ts";
import { readRun } from "../../src/runs/folder.ts";
import { leaseHolder } from "../../src/runs/lease.ts";
import { marksFile, readMarks } from "../../src/runs/marksFile.ts";
import { parseLog } from "../../src/runs/parseLog.ts";
import { logFile } from "../../src/runs/reader.ts";
import { isOver } from "../../src/runs/record.ts";
import { emptyRun, foldRecords } from "../../src/runs/state.ts";
import type { RunSummary } from "../shared/protocol.ts";

/** How much of a log's ends is read: enough for the records that a summary needs, however long the log. */
const endBytes = 64 * 1024;

interface Known {
  /** Size of the log that it was read from, and when the marks were changed. */
  stamp: string;
  summary: RunSummary;
  /** Whether the log says anything. */
  begun: boolean;
}

/** Summaries of run folders, kept until their logs grow. */
export class Summaries {
  readonly #known = new Map<string, Known>();

  /**
   * @param owned whether a run manager has the run in hand, so that it needs no writer to be alive
   * @returns undefined for a folder that cannot be read
   */
  async of(folder: string, id: string, owned: boolean): Promise<RunSummary | undefined> {
    try {
      const { summary, begun } = await this.#read(folder, id);
      // A run whose log says that it is queued waits for a studio; one without a log was never begun.
      const lives = isOver(summary.status) || (summary.status === "queued" && begun) || owned;
      const lost = !lives && leaseHolder(folder) === undefined;
      return lost ? { ...summary, status: "failed" } : summary;
    } catch {
      return undefined;
    }
  }

  async #read(folder: string, id: string): Promise<Known> {
    const known = this.#known.get(id);
    const [log, noted] = await Promise.all(
      [logFile, marksFile].map((file) => stat(join(folder, file)).catch(() => {})),
    );
    const size = log?.size ?? 0;
    const stamp = `${size} ${noted?.mtimeMs ?? 0}`;
    if (known?.stamp === stamp) return known;
    const [{ name, created, seed }, marks] = await Promise.all([readRun(folder), readMarks(folder)]);
    const state = foldRecords(emptyRun(), await readEnds(folder, size));
    const { status, step, steps, next } = state;
    const about = (channels as readonly AnyChannel[]).flatMap((channel) => {
      const text = channel.status?.(state.channels[channel.name as ChannelName]);
      return text === undefined ? [] : [text];
    });
    const shown = { id, name: marks.name || name, seed, status, created, step, steps, about, marks };
    const summary = { ...shown, bytes: await diskUse(folder) };
    const read = { stamp, summary, begun: next > 0 };
    this.#known.set(id, read);
    return read;
  }
}

/** The first and the last records of a log. A fold over them has the right state, name and step, not all the numbers. */
async function readEnds(folder: string, size: number): Promise<LogRecord[]> {
  if (size === 0) return [];
  const handle = await open(join(folder, logFile), "r");
  try {
    const first = await handle.read(Buffer.alloc(Math.min(size, endBytes)), 0, Math.min(size, endBytes), 0);
    const from = Math.max(first.bytesRead, size - endBytes);
    const last = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
    const text = [first, last].map(({ buffer, bytesRead }) => buffer.toString("utf8", 0, bytesRead));
    const joined = from === first.bytesRead ? text.join("") : text.join("\n");
    return parseLog(joined.split("\n"), 0, size);
  } finally {
    await handle.close();
  }
}
