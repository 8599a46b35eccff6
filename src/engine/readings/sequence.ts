import * as tf from "@tensorflow/tfjs";
import { hasKernel, runKernels } from "../ops/kernels.ts";
import type { Tensor } from "../tensor.ts";

/** Places for which a sequence has room at first. */
const firstRoom = 64;

/**
 * A sequence on the device that grows along axis 1: keys and values of the text so far.
 *
 * Where the device can write in place there is room for more, doubled when it is full, so that a new place does not cost a
 * copy of all earlier ones; elsewhere the pieces are joined each time.
 */
export class Sequence {
  #room: Tensor | undefined;
  #places = 0;

  /** Adds a piece [batch, places, width] at the end. What it returns is this object's own, until the next piece. */
  append(piece: Tensor): { room: Tensor; places: number } {
    const start = this.#places;
    this.#places += piece.shape[1]!;
    if (hasKernel("FlamingoWrite")) {
      const room = this.#enlarge(piece);
      runKernels("FlamingoWrite", { target: room, piece }, { start });
    } else this.#replace(this.#room ? tf.concat([this.#room, piece], 1) : tf.clone(piece));
    return { room: this.#room!, places: this.#places };
  }

  /** Goes on with these rows of the batch. */
  select(rows: Tensor): void {
    if (this.#room) this.#replace(tf.gather(this.#room, rows));
  }

  dispose(): void {
    this.#room?.dispose();
    this.#room = undefined;
    this.#places = 0;
  }

  #enlarge(piece: Tensor): Tensor {
    const [batch, , width] = piece.shape as [number, number, number];
    const had = this.#room?.shape[1] ?? 0;
    if (this.#places <= had) return this.#room!;
    const larger = tf.zeros([batch, Math.max(firstRoom, 2 * had, this.#places), width]);
    if (this.#room) runKernels("FlamingoWrite", { target: larger, piece: this.#room }, { start: 0 });
    this.#replace(larger);
    return larger;
  }

  #replace(room: Tensor): void {
    this.#room?.dispose();
    this.#room = tf.keep(room);
  }
}
