import { randomUUID } from "node:crypto";
import type { Cell } from "../cell/cell.ts";
import type { MimeBundle } from "../cell/mimeBundle.ts";
import type { FormatOptions } from "./formatter.ts";

/** Renders the display as of now. */
export type Draw = (options: FormatOptions) => MimeBundle | Promise<MimeBundle>;

/** Milliseconds between two updates, to which the rest of a training step is added: about three updates a second, which front ends render with ease. */
const defaultInterval = 250;

/**
 * One display that is updated while something goes on: at most once in an interval, without costly details. The last update is
 * complete, whatever ends the work.
 */
export class LiveDisplay {
  readonly id = randomUUID();
  readonly #cell: Cell;
  readonly #interval: number;
  #draw: Draw | undefined;
  /** The update that is being rendered; the next one waits for it. */
  #drawing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #last = Number.NEGATIVE_INFINITY;
  #displayed = false;
  #finished = false;

  constructor(cell: Cell, interval = defaultInterval) {
    this.#cell = cell;
    this.#interval = interval;
  }

  /** Asks for an update. It is rendered when the interval is over; of several requests, only the latest counts. */
  show(draw: Draw): void {
    if (this.#finished) return;
    this.#draw = draw;
    if (this.#drawing || this.#timer) return;
    const wait = this.#last + this.#interval - performance.now();
    if (wait <= 0) this.#start();
    else this.#timer = setTimeout(() => this.#start(), wait);
  }

  /** Shows the last update, complete. Later requests are ignored. */
  async finish(): Promise<void> {
    if (this.#finished) return;
    this.#finished = true;
    clearTimeout(this.#timer);
    await this.#drawing;
    if (this.#draw) this.#put(await this.#draw({}));
  }

  /** Waits for work, then shows the last update, however the work ended. If both fail, the work's error is thrown. */
  async finishAfter(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      await this.finish().catch(() => {});
      throw error;
    }
    await this.finish();
  }

  #start(): void {
    this.#timer = undefined;
    const draw = this.#draw!;
    this.#last = performance.now();
    this.#drawing = Promise.resolve()
      .then(() => draw({ light: true }))
      .then((bundle) => this.#put(bundle))
      .catch(() => {}) // the last update throws what is wrong
      .then(() => {
        this.#drawing = undefined;
        if (this.#draw !== draw) this.show(this.#draw!);
      });
  }

  #put(bundle: MimeBundle): void {
    if (this.#displayed) this.#cell.updateDisplay(bundle, this.id);
    else this.#cell.display(bundle, this.id);
    this.#displayed = true;
  }
}
