import { printBytes } from "../core/bytes.ts";
import { dataWait } from "../figures/progress.ts";
import type { RunEvent } from "../runs/event.ts";
import { emptyRun, foldEvents, type NodeProgress, type RunState, secondsLeft } from "../runs/state.ts";
import type { Output } from "./command.ts";
import { resultLines } from "./resultLines.ts";

/** Milliseconds between two looks of the live line, and between two plain lines where there is no terminal. */
const liveInterval = 250;
const plainInterval = 10_000;

/**
 * Shows how a run goes: on a terminal as one line that changes, elsewhere as a line now and then; and what is worth
 * keeping (captions, results, messages) as lines of its own.
 */
export class Progress {
  readonly #out: Output;
  #state = emptyRun();
  #waiting: RunEvent[] = [];
  #shown = 0;
  #line = "";

  constructor(out: Output) {
    this.#out = out;
  }

  show(event: RunEvent): void {
    this.#waiting.push(event);
    const lines = linesOf(event);
    const interval = this.#out.isTTY ? liveInterval : plainInterval;
    const due = event.time - this.#shown >= interval || event.type === "run:finished";
    if (lines.length === 0 && !due) return;
    this.#state = foldEvents(this.#state, this.#waiting);
    this.#waiting = [];
    for (const line of lines) this.say(line);
    if (!due) return;
    this.#shown = event.time;
    const line = statusLine(this.#state, event.time);
    if (this.#out.isTTY) this.#draw(line);
    else if (line !== "") this.#out.write(`${line}\n`);
  }

  /** Writes a line that stays. */
  say(line: string): void {
    if (!this.#out.isTTY) {
      this.#out.write(`${line}\n`);
      return;
    }
    const live = this.#line;
    this.#draw("");
    this.#out.write(`${line}\n`);
    this.#draw(live);
  }

  /** Leaves the last live line where it is. */
  end(): void {
    if (this.#line !== "") this.#out.write("\n");
    this.#line = "";
  }

  #draw(line: string): void {
    this.#line = line.slice(0, (this.#out.columns ?? 80) - 1);
    this.#out.write(`\r\u001b[K${this.#line}`);
  }
}

/** `training 120/600  loss 2.134  gates 0.034 (up to 0.081)  2 min 14 s left  data 2% of step`; empty while there is nothing to tell. */
export function statusLine(state: RunState, now: number): string {
  const doing = headline(state, now);
  if (doing === undefined) return "";
  const parts = [doing];
  const loss = recentMean(state.series.loss);
  if (loss !== undefined) parts.push(`loss ${loss.toFixed(3)}`);
  const gates = state.series.gates.map((values) => Math.abs(values.at(-1) ?? 0));
  if (gates.length > 0 && loss !== undefined) {
    const mean = gates.reduce((sum, gate) => sum + gate, 0) / gates.length;
    parts.push(`gates ${mean.toFixed(3)} (up to ${Math.max(...gates).toFixed(3)})`);
  }
  const node = busyNode(state);
  const left = node && secondsLeft(node, now);
  if (left !== undefined) parts.push(`${printSeconds(left)} left`);
  const wait = dataWait(state, node);
  if (wait !== undefined) parts.push(wait);
  return parts.join("  ");
}

/** What is going on, or how it ended. */
function headline(state: RunState, now: number): string | undefined {
  const { status, started } = state;
  if (started !== undefined && (status === "succeeded" || status === "stopped" || status === "failed"))
    return `${status} after ${printSeconds((now - started) / 1000)}`;
  if (status !== "running") return status;
  const node = busyNode(state);
  if (!node?.activity || node.step === undefined) return node?.activity;
  return `${node.activity} ${node.step}${node.total === undefined ? "" : `/${node.total}`}`;
}

function busyNode({ status, nodes }: RunState): NodeProgress | undefined {
  return status === "running" ? Object.values(nodes).find(({ state }) => state === "running") : undefined;
}

/** `2 min 14 s` */
export function printSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** The mean of the last few numbers, for one step's loss says little. */
function recentMean(values: readonly (number | null)[]): number | undefined {
  const recent = values.slice(-20).filter((value) => value !== null);
  return recent.length > 0 ? recent.reduce((sum, value) => sum + value, 0) / recent.length : undefined;
}

function linesOf(event: RunEvent): string[] {
  switch (event.type) {
    case "run:started": {
      const { name, reason, description } = event.device;
      const from = event.from > 0 ? `, from step ${event.from}` : "";
      return [`${event.name}, seed ${event.seed}, on ${name}${from} (${description}; ${reason})`];
    }
    case "run:memory": {
      const needs = `needs ${printBytes(event.needs)}`;
      if (event.has === undefined) return [`${needs} of memory; the device does not tell how much it has`];
      return [`${needs} of ${printBytes(event.has)} of memory`];
    }
    case "train:started":
      return [`${event.steps} steps; ${grouped(event.trainable)} of ${grouped(event.weights)} weights learn`];
    case "inspect:samples":
      return event.samples.map(({ label, caption }) => `  step ${event.step}: ${label} → ${caption}`);
    case "evaluate:result":
      return resultLines(event);
    case "log:message":
      return [event.level === "warning" ? `warning: ${event.message}` : event.message];
    default:
      return [];
  }
}

function grouped(count: number): string {
  return count.toLocaleString("en");
}
