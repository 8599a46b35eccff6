import { type FSWatcher, watch } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { LogRecord } from "../channels/channel.ts";
import { LogReader } from "./reader.ts";

/** Milliseconds between two batches at least, and between two looks where the system reports no change. */
const batchInterval = 100;
const pollInterval = 500;

/**
 * Gives a run's records from `from` on, then each new one, until the signal ends it: in order, each once, gathered so
 * that there are at most ten batches a second. While a batch is being taken no other is given: what is logged meanwhile stays in the
 * file, and comes with the next one. The log may be written by any process, and need not be there yet.
 * @throws FlamingoError RUN_FOLDER if the log cannot be read
 */
export async function tailRecords(
  folder: string,
  from: number,
  onRecords: (records: LogRecord[]) => void | Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const reader = new LogReader(folder, from);
  const change = new Change(folder);
  try {
    while (!signal.aborted) {
      change.expect();
      const records = await reader.read();
      if (signal.aborted) return;
      if (records.length > 0) await onRecords(records);
      if (records.length > 0) await delay(batchInterval, undefined, { signal }).catch(() => {});
      else await change.wait(signal);
    }
  } finally {
    change.close();
  }
}

/** Waits for something in a folder to change; looks now and then where the system reports no changes. */
class Change {
  #watcher: FSWatcher | undefined;
  #happened: Promise<void> = Promise.resolve();
  #happen: () => void = () => {};

  constructor(folder: string) {
    try {
      this.#watcher = watch(folder, () => this.#happen());
      this.#watcher.on("error", () => this.close());
    } catch {
      // No folder yet, or no watchers left: looking now and then will do.
    }
  }

  /** From here on, a change ends the next wait. */
  expect(): void {
    this.#happened = new Promise((resolve) => {
      this.#happen = resolve;
    });
  }

  async wait(signal: AbortSignal): Promise<void> {
    const enough = new AbortController();
    const stop = () => enough.abort();
    signal.addEventListener("abort", stop, { once: true });
    const pause = delay(pollInterval, undefined, { signal: enough.signal }).catch(() => {});
    await Promise.race([this.#happened, pause]);
    signal.removeEventListener("abort", stop);
    stop();
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}
