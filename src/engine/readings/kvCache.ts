import * as tf from "@tensorflow/tfjs";
import { writeOp } from "../ops/layout.ts";
import type { Tensor } from "../tensor.ts";

/** Positions for which there is room at first. */
const firstRoom = 64;

/**
 * Keys, or values, of the chunks of a text so far: a tensor on the device that grows along axis 1.
 *
 * Where the device can write in place there is room for more, doubled when it is full, so that a new position does not cost a
 * copy of all earlier ones; elsewhere the chunks are joined each time.
 */
export class KvCache {
  #room: Tensor | undefined;
  #positions = 0;

  /** Adds a chunk [batch, positions, width] at the end. What it returns is this object's own, until the next chunk. */
  append(chunk: Tensor): { room: Tensor; positions: number } {
    const start = this.#positions;
    this.#positions += chunk.shape[1]!;
    if (writeOp.isAvailable()) {
      const room = this.#enlarge(chunk);
      writeOp.run({ target: room, chunk }, { start });
    } else this.#replace(this.#room ? tf.concat([this.#room, chunk], 1) : tf.clone(chunk));
    return { room: this.#room!, positions: this.#positions };
  }

  /** Continues with these rows of the batch. */
  select(rows: Tensor): void {
    if (this.#room) this.#replace(tf.gather(this.#room, rows));
  }

  dispose(): void {
    this.#room?.dispose();
    this.#room = undefined;
    this.#positions = 0;
  }

  #enlarge(chunk: Tensor): Tensor {
    const [batch, , width] = chunk.shape as [number, number, number];
    const had = this.#room?.shape[1] ?? 0;
    if (this.#positions <= had) return this.#room!;
    const larger = tf.zeros([batch, Math.max(firstRoom, 2 * had, this.#positions), width]);
    if (this.#room) writeOp.run({ target: larger, chunk: this.#room }, { start: 0 });
    this.#replace(larger);
    return larger;
  }

  #replace(room: Tensor): void {
    this.#room?.dispose();
    this.#room = tf.keep(room);
  }
}
