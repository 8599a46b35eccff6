import type { Tensor } from "../engine/tensor.ts";
import type { Continuation } from "./continuation.ts";

/** Pictures that a model has looked at: their visual tokens stay on the device until they are let go. */
export interface Seen {
  /** How many pictures. */
  count: number;
  /** Values on the device, opaque to those who evaluate. */
  dispose(): void;
}

/** A model that reads pictures and text, as evaluation sees it. */
export interface Captioner {
  /** Looks at pictures: [pictures, imageSize, imageSize, 3] in −1 to 1. */
  look(pixels: Float32Array, count: number): Seen;
  /** logits [rows, length, tokens] for rows that hold one `<image>` tag each; row r reads picture `pictures[r]`. */
  logits(seen: Seen, pictures: readonly number[], ids: Int32Array): Tensor;
  /** Texts to go on with, a row for each of `pictures`, which it reads. */
  goOn(seen: Seen, pictures: readonly number[]): Continuation;
  /** logits [rows, length, tokens] of the language model alone; undefined where the pipeline has no such part. */
  alone(ids: Int32Array, rows: number): Tensor | undefined;
}
