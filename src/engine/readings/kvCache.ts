import * as tf from "@tensorflow/tfjs";
import { writeOp } from "../ops/layout.ts";
import type { Tensor } from "../tensor.ts";

/** Positions that the buffer holds at first. */
const firstLength = 64;

/**
 * Keys, or values, of the chunks of a text so far: a tensor on the device that grows along axis 1.
 *
 * Where the device can write in place there is room for more, doubled when it is full, so that a new position does not cost a
 * copy of all earlier ones; elsewhere the chunks are joined each time.
 */
export class KvCache {
  #buffer: Tensor | undefined;
  #length = 0;

  /** Adds a chunk [batch, positions, width] at the end. What it returns is this object's own, until the next chunk. */
  append(chunk: Tensor): { buffer: Tensor; length: number } {
    const start = this.#length;
    this.#length += chunk.shape[1]!;
    if (writeOp.isAvailable()) {
      const buffer = this.#enlarge(chunk);
      writeOp.run({ target: buffer, chunk }, { start });
    } else this.#replace(this.#buffer ? tf.concat([this.#buffer, chunk], 1) : tf.clone(chunk));
    return { buffer: this.#buffer!, length: this.#length };
  }

  /** Continues with these rows of the batch. */
  select(rows: Tensor): void {
    if (this.#buffer) this.#replace(tf.gather(this.#buffer, rows));
  }

  dispose(): void {
    this.#buffer?.dispose();
    this.#buffer = undefined;
    this.#length = 0;
  }

  #enlarge(chunk: Tensor): Tensor {
    const [batch, , width] = chunk.shape as [number, number, number];
    const had = this.#buffer?.shape[1] ?? 0;
    if (this.#length <= had) return this.#buffer!;
    const larger = tf.zeros([batch, Math.max(firstLength, 2 * had, this.#length), width]);
    if (this.#buffer) writeOp.run({ target: larger, chunk: this.#buffer }, { start: 0 });
    this.#replace(larger);
    return larger;
  }

  #replace(buffer: Tensor): void {
    this.#buffer?.dispose();
    this.#buffer = tf.keep(buffer);
  }
}
