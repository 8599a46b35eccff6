import * as tf from "@tensorflow/tfjs";
import { defineInPlace } from "../kernels.ts";

/**
 * The box of `x` that begins at `begin` and has these sizes; −1 takes what is left of an axis.
 *
 * Axes that are taken whole are joined with the one before, so that up to three axes of any tensor can be cut on every
 * device: the gradient of a cut through more than four axes is wrong on `webgpu`, where TensorFlow.js' padding breaks.
 */
export function slice(x: tf.Tensor, begin: readonly number[], sizes: readonly number[]): tf.Tensor {
  const whole = x.shape.map((size, axis) => (sizes[axis] === -1 ? size - begin[axis]! : sizes[axis]!));
  if (x.rank <= 4) return tf.slice(x, [...begin], whole);
  const joined: { length: number; begin: number; size: number }[] = [];
  for (const [axis, length] of x.shape.entries()) {
    const last = joined.at(-1);
    const size = whole[axis]!;
    if (last && size === length)
      Object.assign(last, { length: last.length * length, begin: last.begin * length, size: last.size * length });
    else joined.push({ length, begin: begin[axis]!, size });
  }
  const flat = x.reshape(joined.map((axis) => axis.length));
  const [begins, counts] = [joined.map((axis) => axis.begin), joined.map((axis) => axis.size)];
  return tf.slice(flat, begins, counts).reshape(whole);
}

/**
 * Both halves of the last axis. One operation, whose gradient joins both in one.
 *
 * Shapes: `x` [..., 2·n], results [..., n]. On `webgpu` TensorFlow.js cuts through at most four axes, so leading ones are joined.
 */
export function splitInHalf(x: tf.Tensor): [tf.Tensor, tf.Tensor] {
  const width = x.shape.at(-1)!;
  if (x.rank <= 4) return tf.split(x, 2, -1) as [tf.Tensor, tf.Tensor];
  const halves = tf.split(tf.reshape(x, [-1, width]), 2, -1);
  return halves.map((half) => tf.reshape(half, [...x.shape.slice(0, -1), width / 2])) as [tf.Tensor, tf.Tensor];
}

/** Writes a chunk [batch, positions, width] into a target [batch, room, width], from position `start` on. */
export const writeOp = defineInPlace<{ target: tf.Tensor; chunk: tf.Tensor }, { start: number }>("Write");

/**
 * At most `most` of a tensor's numbers, evenly spaced from the first on: every nth, with the smallest n that does.
 *
 * Shapes: result [≤ most].
 */
export function evenSample(x: tf.Tensor, most: number): tf.Tensor {
  const every = Math.max(1, Math.ceil(x.size / most));
  const flat = tf.reshape(x, [x.size]);
  if (every === 1) return flat;
  const rows = Math.floor(x.size / every);
  const table = tf.reshape(tf.slice(flat, [0], [rows * every]), [rows, every]);
  return tf.reshape(tf.slice(table, [0, 0], [rows, 1]), [rows]);
}
