import * as tf from "@tensorflow/tfjs";
import { append, isRecording, unrecorded } from "../autodiff/tape.ts";
import type { Tensor } from "../tensor.ts";
import { hasKernel, runKernel } from "./kernels.ts";
import { slice } from "./layout.ts";
import { linear, matMul } from "./matMul.ts";

/**
 * Rows of a table by their ids. The gradient adds each row's cotangent into the table's row.
 *
 * Shapes: `table` [V, D], `ids` int32 of any shape [...], result [..., D].
 */
export function embedding(table: Tensor, ids: Tensor): Tensor {
  const rows = ids.dtype === "int32" ? ids : tf.cast(ids, "int32");
  if (hasKernel("FlamingoEmbedding")) return runKernel("FlamingoEmbedding", { table, ids: rows });
  if (hasKernel("UnsortedSegmentSum")) return tf.gather(table, rows);
  const count = table.shape[0]!;
  const width = table.shape[1]!;
  return tf.customGrad((weights, save) => {
    (save as (tensors: Tensor[]) => void)([rows]);
    // A device that cannot scatter adds by a product with one-hot rows.
    const gradFunc = (dy: Tensor, [saved]: Tensor[]) =>
      tf.matMul(tf.oneHot(saved!.reshape([-1]) as tf.Tensor1D, count), dy.reshape([-1, width]), true, false);
    return { value: tf.gather(weights as Tensor, rows), gradFunc };
  })(table);
}

/** The rows that learn, of tables whose other rows are frozen. */
const learntRows = new WeakMap<Tensor, Tensor>();

/**
 * A table of tokens with new ones below it. Where the pretrained ones are frozen, `tokenVectors` and `tokenLogits` give a
 * gradient to the few new rows alone: the whole table's would cost as much as the logits themselves. Frozen is a variable that is not
 * trainable: who asks for its gradient all the same gets none.
 *
 * Shapes: `pretrained` [V, D], `added` [N, D], result [V + N, D].
 */
export function joinTokens(pretrained: Tensor, added: Tensor): Tensor {
  const table = tf.concat([pretrained, added], 0);
  if (pretrained instanceof tf.Variable && !pretrained.trainable) learntRows.set(table, added);
  return table;
}

/**
 * Rows of a table by their ids: vectors[...] = table[ids[...]]. The gradient of a learnt row is the sum of the cotangents where its
 * id stands. Shapes: `table` [V, D], `ids` int32 [...], result [..., D].
 */
export function tokenVectors(table: Tensor, ids: Tensor): Tensor {
  const learnt = learntRows.get(table);
  if (!learnt || !isRecording()) return embedding(table, ids);
  const vectors = unrecorded(() => embedding(table, ids));
  const [first, count] = placeOf(learnt, table);
  const kept = tf.keep(tf.clone(ids));
  append({
    kernelName: "FlamingoTokenVectors",
    inputs: { learnt },
    outputs: [vectors],
    saved: [kept],
    gradient: ([dy]) => ({
      learnt: () => {
        const column = tf.reshape(tf.cast(kept, "int32"), [-1, 1]);
        const chosen = tf.cast(tf.equal(column, tf.range(first, first + count, 1, "int32")), "float32"); // [B·L, N]
        return matMul(chosen, rowsOf(dy!), { transposeA: true });
      },
    }),
  });
  return vectors;
}

/**
 * Products with all rows of a table: logits[..., v] = hidden[...] · table[v]. Shapes: `hidden` [..., D], `table` [V, D], result
 * [..., V], in nats before softmax.
 *
 * @throws FlamingoError SHAPE_MISMATCH if the widths differ
 * @see Press and Wolf 2017, Using the Output Embedding to Improve Language Models, arXiv:1608.05859
 */
export function tokenLogits(hidden: Tensor, table: Tensor): Tensor {
  const learnt = learntRows.get(table);
  if (!learnt || !isRecording()) return linear(hidden, table);
  const logits = unrecorded(() => linear(hidden, table));
  const [first, count] = placeOf(learnt, table);
  const [keptHidden, keptTable] = [tf.keep(tf.clone(hidden)), tf.keep(tf.clone(table))];
  append({
    kernelName: "FlamingoTokenLogits",
    inputs: { hidden, learnt },
    outputs: [logits],
    saved: [keptHidden, keptTable],
    gradient: ([dy]) => ({
      hidden: () => matMul(dy!, keptTable),
      learnt: () => {
        const rows = rowsOf(dy!);
        const columns = slice(rows, [0, first], [rows.shape[0]!, count]);
        return matMul(columns, rowsOf(keptHidden), { transposeA: true });
      },
    }),
  });
  return logits;
}

/** Where the learnt rows begin, and how many they are. */
function placeOf(learnt: Tensor, table: Tensor): [number, number] {
  const count = learnt.shape[0]!;
  return [table.shape[0]! - count, count];
}

function rowsOf(x: Tensor): Tensor {
  return tf.reshape(x, [-1, x.shape.at(-1)!]);
}
