import type { Output } from "./command.ts";

/** A line of a terminal that changes in place. Elsewhere each of its states is a line of its own. */
export class LiveLine {
  readonly #out: Output;
  #line = "";

  constructor(out: Output) {
    this.#out = out;
  }

  /** Shows a new state of the line, cut to the terminal's width. */
  show(line: string): void {
    if (this.#out.isTTY) this.#draw(line);
    else if (line !== "") this.#out.write(`${line}\n`);
  }

  /** Writes a line that stays, above the one that changes. */
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

  /** Leaves the last state where it is. */
  end(): void {
    if (this.#line !== "") this.#out.write("\n");
    this.#line = "";
  }

  #draw(line: string): void {
    this.#line = line.slice(0, (this.#out.columns ?? 80) - 1);
    this.#out.write(`\r\u001b[K${this.#line}`);
  }
}
