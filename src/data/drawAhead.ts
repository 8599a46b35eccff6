import type { Worker } from "node:worker_threads";
import { startThread } from "../package/startThread.ts";
import type { Batch, OpenSource } from "./source.ts";

/** What the thread says: that it is there, and each batch that it was asked for. */
type Message = "ready" | { index: number; batch: Batch };

/** A batch that the thread was asked for; undefined if the thread ended before. */
interface Asked {
  index: number;
  batch: Promise<Batch | undefined>;
  answer(batch: Batch | undefined): void;
}

/**
 * Draws a source's batches in a thread of its own, each while the one before is worked on.
 *
 * A batch is a pure function of its number, so it does not matter who draws it: while the thread is not there yet, or
 * should it fail, the batch is drawn here, where an error of the source reaches whoever asked.
 */
export class DrawAhead {
  readonly #source: OpenSource;
  readonly #warn: (message: string) => void;
  readonly #worker: Worker | undefined;
  #ready = false;
  #asked: Asked | undefined;
  #failure: Error | undefined;
  /** Settles when the thread is there, or is known not to come. */
  readonly started: Promise<void>;

  /** @param warn told once why batches are not drawn ahead any more */
  constructor(source: OpenSource, warn: (message: string) => void) {
    this.#source = source;
    this.#warn = warn;
    let start = () => {};
    this.started = new Promise((resolve) => {
      start = resolve;
    });
    this.#worker = this.#open(start);
  }

  #open(start: () => void): Worker | undefined {
    try {
      const worker = startThread(new URL("./batchThread.ts", import.meta.url), this.#source.ground);
      worker.on("message", (message: Message) => {
        if (message === "ready") {
          this.#ready = true;
          start();
        } else if (message.index === this.#asked?.index) this.#asked.answer(message.batch);
      });
      worker.on("error", (error: Error) => {
        this.#failure = error;
      });
      worker.on("exit", () => {
        this.#ready = false;
        this.#asked?.answer(undefined);
        start();
      });
      return worker;
    } catch (error) {
      this.#failure = error as Error; // what it draws from cannot be handed over, or no thread can be had
      start();
      return undefined;
    }
  }

  /** The batch of this number; the thread goes on to the next. @throws what the source throws */
  async take(index: number): Promise<Batch> {
    const drawn = this.#asked?.index === index ? await this.#asked.batch : undefined;
    this.#asked = this.#ready ? this.#ask(index + 1) : undefined;
    const batch = drawn ?? this.#source.batch(index);
    if (this.#failure) this.#warn(`batches are drawn between the steps, not ahead: ${this.#failure.message}`);
    this.#failure = undefined;
    return batch;
  }

  /** Ends the thread, whatever it is doing. */
  async dispose(): Promise<void> {
    await this.#worker?.terminate();
  }

  #ask(index: number): Asked {
    let answer: Asked["answer"] = () => {};
    const batch = new Promise<Batch | undefined>((resolve) => {
      answer = resolve;
    });
    this.#worker?.postMessage(index);
    return { index, batch, answer };
  }
}
