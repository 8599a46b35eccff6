import type { ErrorReport } from "../../src/core/errors.ts";
import { conductRun, type Execute, type RunControl } from "../../src/runs/conduct.ts";
import { findHome } from "../../src/runs/home.ts";
import type { RunLog } from "../../src/runs/log.ts";

/** What the studio tells the process that carries out a run. */
export type TrainerMessage =
  | { type: "run"; folder: string; device: string }
  | { type: "pause" }
  | { type: "continue" }
  | { type: "stop" };

/** What the process answers when it could not even open the run's log. */
export interface TrainerFailure {
  error: ErrorReport;
}

/**
 * Carries out one run in this process, as the studio's messages say. Should the studio die, the run stops at its next
 * step with a checkpoint.
 */
export function serveTrainer(execute: Execute): void {
  const stop = new AbortController();
  let control: StudioControl | undefined;
  for (const signal of ["SIGINT", "SIGHUP"]) process.on(signal, () => {}); // a terminal tells all; the studio decides
  process.on("disconnect", () => stop.abort());
  process.on("message", (message: TrainerMessage) => {
    if (message.type === "run") void conduct(message);
    else if (message.type === "stop") {
      control?.stopping();
      stop.abort();
    } else control?.set(message.type === "pause");
  });

  async function conduct({ folder, device }: { folder: string; device: string }): Promise<void> {
    const { signal } = stop;
    const makeControl = (log: RunLog) => {
      control = new StudioControl(log, signal);
      return control;
    };
    await conductRun({ folder, device, signal, home: findHome(), control: makeControl }, execute);
    process.exit(0); // whatever a device still holds open
  }
}

/** Pause and continue by message; each rest is in the log, from when it begins. */
class StudioControl implements RunControl {
  readonly #log: RunLog;
  readonly #signal: AbortSignal;
  #paused = false;
  #wake: () => void = () => {};

  constructor(log: RunLog, signal: AbortSignal) {
    this.#log = log;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#wake(), { once: true });
  }

  set(paused: boolean): void {
    this.#paused = paused;
    if (!paused) this.#wake();
  }

  stopping(): void {
    if (!this.#signal.aborted) this.#log.append({ channel: "status", value: { status: "stopping" } });
  }

  paused(): boolean {
    return this.#paused && !this.#signal.aborted;
  }

  async wait(): Promise<void> {
    if (!this.paused()) return;
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#log.append({ channel: "status", value: { status: "paused" } });
    await woken;
    if (!this.#signal.aborted) this.#log.append({ channel: "status", value: { status: "running" } });
  }
}
