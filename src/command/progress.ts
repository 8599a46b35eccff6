import type { Channel, LogRecord } from "../channels/channel.ts";
import { channels } from "../channels/channels.ts";
import { printBytes } from "../core/bytes.ts";
import { printSeconds } from "../core/duration.ts";
import { dataWait } from "../runs/progress.ts";
import { endsRun, isOver, type LifecycleValue } from "../runs/record.ts";
import { emptyRun, foldRecords, type NodeProgress, type RunState, secondsLeft } from "../runs/state.ts";
import type { Output } from "./command.ts";
import { LiveLine } from "./liveLine.ts";

/** Milliseconds between two states of the live line, and between two plain lines where there is no terminal. */
const liveInterval = 250;
const plainInterval = 10_000;

/**
 * Shows how a run goes: on a terminal as one line that changes, elsewhere as a line now and then; and what is worth
 * keeping (captions, results, messages) as lines of its own.
 */
export class Progress {
  readonly #interval: number;
  readonly #line: LiveLine;
  #state = emptyRun();
  #waiting: LogRecord[] = [];
  #shown = 0;

  constructor(out: Output) {
    this.#interval = out.isTTY ? liveInterval : plainInterval;
    this.#line = new LiveLine(out);
  }

  show(record: LogRecord): void {
    this.#waiting.push(record);
    const lines = linesOf(record);
    // The clock may be set back while the run goes on.
    const due = Math.abs(record.time - this.#shown) >= this.#interval || endsRun(record);
    if (lines.length === 0 && !due) return;
    this.#state = foldRecords(this.#state, this.#waiting);
    this.#waiting = [];
    for (const line of lines) this.say(line);
    if (!due) return;
    this.#shown = record.time;
    this.#line.show(statusLine(this.#state, record.time));
  }

  /** Writes a line that stays. */
  say(line: string): void {
    this.#line.say(line);
  }

  /** Leaves the last live line where it is. */
  end(): void {
    this.#line.end();
  }
}

/** `training 120/600  loss 2.134  gates 0.034 (up to 0.081)  2 min 14 s left  data 2% of step`; empty while there is nothing to tell. */
export function statusLine(state: RunState, now: number): string {
  const doing = headline(state, now);
  if (doing === undefined) return "";
  const parts = [doing];
  for (const { name, status } of watched) {
    const text = status?.(state.channels[name as keyof RunState["channels"]]);
    if (text !== undefined) parts.push(text);
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
  if (started !== undefined && isOver(status)) return `${status} after ${printSeconds((now - started) / 1000)}`;
  const node = busyNode(state);
  if (status !== "running" && !node) return status;
  if (!node?.activity || node.step === undefined) return node?.activity;
  return `${node.activity} ${node.step}${node.total === undefined ? "" : `/${node.total}`}`;
}

function busyNode({ status, nodes }: RunState): NodeProgress | undefined {
  return isOver(status) ? undefined : Object.values(nodes).find(({ state }) => state === "running");
}

const watched = channels as unknown as readonly Channel[];

/** A record as lines that stay; none for one that only moves the live line. */
function linesOf(record: LogRecord): string[] {
  const { channel, value } = record;
  const print = printers[channel as keyof typeof printers] as ((value: unknown) => string[]) | undefined;
  if (print) return print(value);
  const definition = watched.find(({ name }) => name === channel);
  const read = definition?.text && definition.value.safeParse(value);
  return read?.success ? definition!.text!(read.data, record) : [];
}

/** The records of a run's course that are printed. */
const printers = {
  run: ({ name, seed, device, from }: LifecycleValue<"run">) => {
    const step = from > 0 ? `, from step ${from}` : "";
    return [`${name}, seed ${seed}, on ${device.name}${step} (${device.description}; ${device.reason})`];
  },
  memory: ({ needs, has }: LifecycleValue<"memory">) => {
    if (has === undefined) return [`needs ${printBytes(needs)} of memory; the device does not report how much it has`];
    return [`needs ${printBytes(needs)} of ${printBytes(has)} of memory`];
  },
  training: ({ steps, trainable, weights }: LifecycleValue<"training">) => [
    `${steps} steps; ${grouped(trainable)} of ${grouped(weights)} parameters are trainable`,
  ],
  message: ({ level, message }: LifecycleValue<"message">) => [level === "warning" ? `warning: ${message}` : message],
};

function grouped(count: number): string {
  return count.toLocaleString("en");
}
