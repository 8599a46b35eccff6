import { basename } from "node:path";
import { leaseHolder } from "./lease.ts";
import { RunLog } from "./log.ts";
import { lifecycle } from "./record.ts";

/** Runs that wait to be carried out, in order. A scheduler of a cluster can take the place of this machine's queue. */
export interface RunQueue {
  /** Puts a run at the end. @throws FlamingoError CONFLICT, RUN_FOLDER, DISK_FULL */
  add(folder: string): void;
  /** Takes a run out: it will not be carried out. Returns whether it was there. */
  remove(folder: string): boolean;
  /** Takes the first one out, to carry it out now. */
  take(): string | undefined;
  has(folder: string): boolean;
  readonly size: number;
  /** Takes up runs that a former queue left waiting, in the order in which they came. */
  recover(folders: readonly string[]): void;
  /** Leaves the runs that wait for the next queue. */
  close(): void;
}

/**
 * A queue whose memory is the runs' own logs: a run waits while `queued` is the last thing that its log says. So it outlives
 * the process, however that ends. The logs are held open meanwhile, so that no other process carries the runs out.
 */
export class LocalQueue implements RunQueue {
  readonly #waiting = new Map<string, RunLog>();

  get size(): number {
    return this.#waiting.size;
  }

  has(folder: string): boolean {
    return this.#waiting.has(folder);
  }

  add(folder: string): void {
    const log = RunLog.open(folder);
    try {
      log.append({ channel: "status", value: { status: "queued" } });
    } catch (error) {
      log.close();
      throw error;
    }
    this.#waiting.set(folder, log);
  }

  remove(folder: string): boolean {
    const log = this.#waiting.get(folder);
    if (!log) return false;
    this.#waiting.delete(folder);
    try {
      log.append({ channel: "status", value: { status: "stopped" } });
    } finally {
      log.close();
    }
    return true;
  }

  take(): string | undefined {
    const [first] = this.#waiting;
    if (!first) return undefined;
    const [folder, log] = first;
    this.#waiting.delete(folder);
    log.close();
    return folder;
  }

  recover(folders: readonly string[]): void {
    const found = folders.flatMap((folder) => {
      const log = openFree(folder);
      if (log && isQueued(log)) return [{ folder, log }];
      log?.close();
      return [];
    });
    const since = ({ log }: (typeof found)[number]) => log.last!.time;
    found.sort((a, b) => since(a) - since(b) || (basename(a.folder) < basename(b.folder) ? -1 : 1));
    for (const { folder, log } of found) this.#waiting.set(folder, log);
  }

  close(): void {
    for (const log of this.#waiting.values()) log.close();
    this.#waiting.clear();
  }
}

/** Undefined for a run that another process holds, or that cannot be written. */
function openFree(folder: string): RunLog | undefined {
  if (leaseHolder(folder) !== undefined) return undefined;
  try {
    return RunLog.open(folder);
  } catch {
    return undefined;
  }
}

function isQueued({ last }: RunLog): boolean {
  return last?.channel === "status" && lifecycle.status.safeParse(last.value).data?.status === "queued";
}
