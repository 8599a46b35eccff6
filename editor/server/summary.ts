import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import type { RunEvent } from "../../src/runs/event.ts";
import { readRun } from "../../src/runs/folder.ts";
import { leaseHolder } from "../../src/runs/lease.ts";
import { eventsFile, parseEvent } from "../../src/runs/reader.ts";
import { emptyRun, foldEvents, type RunStatus } from "../../src/runs/state.ts";
import type { RunSummary } from "../shared/protocol.ts";

/** What a log's ends are read for: enough for the events that a summary needs, however long the log. */
const endBytes = 64 * 1024;
const active: ReadonlySet<RunStatus> = new Set(["queued", "running", "paused", "stopping"]);

/** Summaries of run folders, kept until their logs grow. */
export class Summaries {
  readonly #known = new Map<string, { size: number; summary: RunSummary }>();

  /**
   * @param owned whether a run manager has the run in hand, so that it needs no writer to be alive
   * @returns undefined for a folder that cannot be read
   */
  async of(folder: string, id: string, owned: boolean): Promise<RunSummary | undefined> {
    try {
      const summary = await this.#read(folder, id);
      const lost = active.has(summary.status) && !owned && leaseHolder(folder) === undefined;
      return lost ? { ...summary, status: "failed" } : summary;
    } catch {
      return undefined;
    }
  }

  async #read(folder: string, id: string): Promise<RunSummary> {
    const known = this.#known.get(id);
    const size = await stat(join(folder, eventsFile)).then(
      (found) => found.size,
      () => 0,
    );
    if (known?.size === size) return known.summary;
    const { name, created } = known?.summary ?? (await readRun(folder));
    const { status, series, steps } = foldEvents(emptyRun(), await readEnds(folder, size));
    const summary = { id, name, status, created, step: series.step.at(-1) ?? 0, steps };
    this.#known.set(id, { size, summary });
    return summary;
  }
}

/** The first and the last events of a log. A fold over them has the right state, name and step, not all the numbers. */
async function readEnds(folder: string, size: number): Promise<RunEvent[]> {
  if (size === 0) return [];
  const handle = await open(join(folder, eventsFile), "r");
  try {
    const first = await handle.read(Buffer.alloc(Math.min(size, endBytes)), 0, Math.min(size, endBytes), 0);
    const from = Math.max(first.bytesRead, size - endBytes);
    const last = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
    const text = [first, last].map(({ buffer, bytesRead }) => buffer.toString("utf8", 0, bytesRead));
    const joined = from === first.bytesRead ? text.join("") : text.join("\n");
    return joined
      .split("\n")
      .map(parseEvent)
      .filter((event) => event !== undefined);
  } finally {
    await handle.close();
  }
}
