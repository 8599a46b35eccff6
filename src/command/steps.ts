import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { arrived } from "../core/arrived.ts";
import type { Output } from "./command.ts";

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
  readonly #out: Output;
  #timer: NodeJS.Timeout | undefined;
  #live = false;

  constructor(out: Output) {
    this.#out = out;
  }

  begin(text: string, growing?: Growing): void {
    this.end();
    this.#draw(text);
    if (!growing) return;
    const started = Date.now();
    const before = bytesIn(growing.folder);
    const look = () =>
      this.#draw(`${text}: ${arrived(bytesIn(growing.folder) - before, growing.bytes, Date.now() - started)}`);
    this.#timer = setInterval(look, this.#out.isTTY ? liveInterval : plainInterval);
    this.#timer.unref();
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#live) this.#out.write("\n");
    this.#live = false;
  }

  #draw(line: string): void {
    if (!this.#out.isTTY) {
      this.#out.write(`${line}\n`);
      return;
    }
    this.#out.write(`\r\u001b[K${line.slice(0, (this.#out.columns ?? 80) - 1)}`);
    this.#live = true;
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
