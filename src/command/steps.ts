import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { arrived } from "../core/arrived.ts";
import type { Output } from "./command.ts";
import { LiveLine } from "./liveLine.ts";

/** Files that grow while a step runs: their folder, and how many bytes they will have; 0 if that is not known. */
export interface Growing {
  folder: string;
  bytes: number;
}

/** Milliseconds between two looks at what grows, on a terminal and elsewhere. */
const liveInterval = 500;
const plainInterval = 10_000;

/** Shows work in steps: a line each, and on a terminal what has arrived of it and the time left. */
export class Steps {
  readonly #interval: number;
  readonly #line: LiveLine;
  #timer: NodeJS.Timeout | undefined;

  constructor(out: Output) {
    this.#interval = out.isTTY ? liveInterval : plainInterval;
    this.#line = new LiveLine(out);
  }

  begin(text: string, growing?: Growing): void {
    this.end();
    this.#line.show(text);
    if (!growing) return;
    const started = Date.now();
    const before = bytesIn(growing.folder);
    const look = () =>
      this.#line.show(`${text}: ${arrived(bytesIn(growing.folder) - before, growing.bytes, Date.now() - started)}`);
    this.#timer = setInterval(look, this.#interval);
    this.#timer.unref();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#line.end();
  }
}

/** Files may come and go while they are counted. */
function bytesIn(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce(
      (sum, entry) => sum + (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
}
