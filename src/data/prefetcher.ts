import type { Worker } from "node:worker_threads";
import { startThread } from "../package/startThread.ts";
import type { Batch, OpenSource } from "./source.ts";

/** What the thread sends: that it is ready, and each batch that it was asked for. */
type Message = "ready" | { index: number; batch: Batch };

/** A batch that the thread was asked for; undefined if the thread ended before. */
interface Asked {
  index: number;
  batch: Promise<Batch | undefined>;
  answer(batch: Batch | undefined): void;
}

/**
 * Prefetches a source's batches: a thread makes the next batch while the current one is used.
 *
 * A batch is a pure function of its index, so both threads make the same. Until the thread is ready, and if it fails, the batch
 * is made in this thread, where an error of the source reaches the caller.
 */
export class Prefetcher {
  readonly #source: OpenSource;
  readonly #warn: (message: string) => void;
  readonly #worker: Worker | undefined;
  #ready = false;
  #asked: Asked | undefined;
  #failure: Error | undefined;
  /** Settles when the thread is ready, or has failed to start. */
  readonly started: Promise<void>;

  /** @param warn is called once with the reason if prefetching stops */
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
      const worker = startThread(new URL("./batchThread.ts", import.meta.url), this.#source.state);
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
      this.#failure = error as Error; // its data cannot be sent to a thread, or no thread can be started
      start();
      return undefined;
    }
  }

  /**
   * The batch of this index; the thread then makes the next one.
   * @throws what the source throws; FlamingoError INVALID_DATA if it has too many bad samples
   */
  async take(index: number): Promise<Batch> {
    const drawn = this.#asked?.index === index ? await this.#asked.batch : undefined;
    this.#asked = this.#ready ? this.#ask(index + 1) : undefined;
    const batch = drawn ?? (await this.#source.batch(index));
    if (this.#failure) this.#warn(`batches are made between the steps, not prefetched: ${this.#failure.message}`);
    this.#failure = undefined;
    for (const { skipped = [] } of Object.values(batch)) this.#source.badSamples?.addAll(skipped);
    return batch;
  }

  /** Ends the thread at once. */
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
