import { randomUUID } from "node:crypto";
import type { Cell } from "../cell/cell.ts";
import type { MimeBundle } from "../cell/mimeBundle.ts";
import type { FormatOptions } from "./formatter.ts";

/** Makes the picture of the moment. */
export type Draw = (options: FormatOptions) => MimeBundle | Promise<MimeBundle>;

/** Milliseconds between two pictures, and a step of training more: about three a second, which front ends follow with ease. */
const defaultInterval = 250;

/**
 * One display whose picture is replaced while something goes on: at most every so often, light pictures first, and the
 * last one complete, whatever ends it.
 */
export class LiveDisplay {
  readonly id = randomUUID();
  readonly #cell: Cell;
  readonly #interval: number;
  #draw: Draw | undefined;
  /** The picture that is being made, after which the next may be. */
  #drawing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #last = Number.NEGATIVE_INFINITY;
  #displayed = false;
  #finished = false;

  constructor(cell: Cell, interval = defaultInterval) {
    this.#cell = cell;
    this.#interval = interval;
  }

  /** Asks for a new picture. It is made when its time has come; of several, only the latest is. */
  show(draw: Draw): void {
    if (this.#finished) return;
    this.#draw = draw;
    if (this.#drawing || this.#timer) return;
    const wait = this.#last + this.#interval - performance.now();
    if (wait <= 0) this.#start();
    else this.#timer = setTimeout(() => this.#start(), wait);
  }

  /** Shows the last picture, complete, and no other after it. */
  async finish(): Promise<void> {
    if (this.#finished) return;
    this.#finished = true;
    clearTimeout(this.#timer);
    await this.#drawing;
    if (this.#draw) this.#put(await this.#draw({}));
  }

  /** Waits for work, and shows the last picture however that ends. Where both fail, the work's error is the one to know. */
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
      .catch(() => {}) // the last picture tells what is wrong
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
