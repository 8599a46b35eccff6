import type { LogRecord } from "../channels/channel.ts";
import type { ErrorReport } from "../core/errors.ts";
import { describeError } from "./fault.ts";
import type { Home } from "./home.ts";
import { clearLeftovers } from "./leftovers.ts";
import { RunLog } from "./log.ts";
import { findDamage, logFile } from "./reader.ts";

/** Lets a run be paused between two steps. */
export interface RunControl {
  paused(): boolean;
  /** Resolves when the run may continue, or must stop. */
  wait(): Promise<void>;
}

export interface ExecuteOptions {
  folder: string;
  log: RunLog;
  device: string;
  /** Folder for what can be made again, such as rendered drawings. */
  cache: string;
  /** Folder of the weights that were imported. */
  models?: string;
  /** Aborted when the run should stop at the next step boundary, with a checkpoint. */
  signal: AbortSignal;
  control?: RunControl;
}

/** Carries out what a run folder's record says, from its newest checkpoint if there is one. */
export type Execute = (options: ExecuteOptions) => Promise<"succeeded" | "stopped">;

export interface ConductOptions extends Omit<ExecuteOptions, "log" | "control" | "cache" | "models"> {
  home: Home;
  onRecord?: (record: LogRecord) => void;
  /** Makes the control that belongs to the log: a pause is a record. */
  control?: (log: RunLog) => RunControl;
}

export interface Outcome {
  outcome: "succeeded" | "stopped" | "failed";
  error?: ErrorReport;
}

/**
 * Carries a run out in this process, from opening its log to its last record, whatever happens between.
 * @throws FlamingoError CONFLICT, RUN_FOLDER or DISK_FULL if the log cannot even be opened
 */
export async function conductRun(options: ConductOptions, execute: Execute): Promise<Outcome> {
  const { folder, device, signal, home, onRecord, control } = options;
  const log = RunLog.open(folder, onRecord ? { onRecord } : {});
  try {
    return finish(log, await attempt(), home);
  } finally {
    log.close();
  }

  async function attempt(): Promise<Outcome> {
    try {
      await clearLeftovers(folder);
      await tellDamage(log);
      const options = { folder, log, device, signal, cache: home.cache, models: home.models };
      return { outcome: await execute({ ...options, ...(control ? { control: control(log) } : {}) }) };
    } catch (error) {
      return { outcome: "failed", error: describeError(error, home) };
    }
  }
}

/** How many damaged lines a message names. */
const mostNamed = 5;

/** Tells in the log which of its lines are damaged, and so passed over. */
async function tellDamage(log: RunLog): Promise<void> {
  const found = await findDamage(log.folder);
  if (found.length === 0) return;
  const named = found.slice(0, mostNamed).map(({ line, reason }) => `line ${line} (${reason})`);
  const more = found.length > mostNamed ? `, and ${found.length - mostNamed} more` : "";
  const message = `damaged lines of ${logFile} are passed over: ${named.join(", ")}${more}`;
  log.append({ channel: "message", value: { level: "warning", message } });
}

function finish(log: RunLog, result: Outcome, home: Home): Outcome {
  try {
    const { outcome: status, error } = result;
    log.append({ channel: "status", value: { status, ...(error ? { error: { ...error } } : {}) } });
    return result;
  } catch (failure) {
    // The log cannot take its own end; the first error is the one that tells why.
    return { outcome: "failed", error: result.error ?? describeError(failure, home) };
  }
}
