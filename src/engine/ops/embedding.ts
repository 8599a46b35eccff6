import * as tf from "@tensorflow/tfjs";
import { keepForGradient, recordedAs } from "../autodiff/tape.ts";
import type { Tensor } from "../tensor.ts";
import { slice } from "./layout.ts";
import { linear, matMul } from "./matMul.ts";
import { defineOperation } from "./operation.ts";
import { type Matrix, QuantizedMatrix } from "./quantized.ts";
import { checkRowIds } from "./rowIds.ts";

export const embeddingOp = defineOperation<{ table: Tensor; ids: Tensor }>({
  name: "Embedding",
  check: ({ table, ids }) => checkRowIds(ids, table.shape[0]!),
  shape: ({ table, ids }) => [...ids.shape, table.shape[1]!],
  formula({ table, ids }) {
    if (tf.getKernel("UnsortedSegmentSum", tf.getBackend())) return tf.gather(table, ids);
    // A device that cannot scatter adds the gradient up by a product with one-hot rows.
    const [rows, width] = table.shape as [number, number];
    return tf.customGrad((weights, save) => {
      (save as (tensors: Tensor[]) => void)([ids]);
      const gradFunc = (dy: Tensor, [saved]: Tensor[]) =>
        tf.matMul(tf.oneHot(saved!.reshape([-1]) as tf.Tensor1D, rows), dy.reshape([-1, width]), true, false);
      return { value: tf.gather(weights as Tensor, ids), gradFunc };
    })(table);
  },
});

/**
 * Rows of a table by their ids. The gradient adds each row's cotangent into the table's row.
 *
 * Shapes: `table` [V, D], `ids` int32 of any shape [...], result [..., D].
 *
 * @throws FlamingoError INVALID_DATA for an id that the table has no row for
 */
export function embedding(table: Matrix, ids: Tensor): Tensor {
  const whole = ids.dtype === "int32" ? ids : tf.cast(ids, "int32");
  return table instanceof QuantizedMatrix ? quantizedRows(table, whole) : embeddingOp.run({ table, ids: whole }, {});
}

function quantizedRows(table: QuantizedMatrix, ids: Tensor): Tensor {
  const { further } = table;
  if (!further) return table.rows(ids);
  checkRowIds(ids, table.shape[0]);
  const first = tf.scalar(table.shape[0] - further.shape[0]!, "int32");
  const isFurther = tf.cast(tf.expandDims(tf.greaterEqual(ids, first), -1), "float32");
  const ours = table.rows(tf.minimum(ids, tf.sub(first, tf.scalar(1, "int32"))));
  const theirs = embedding(further, tf.maximum(tf.sub(ids, first), tf.scalar(0, "int32")));
  return tf.add(tf.mul(ours, tf.sub(1, isFurther)), tf.mul(theirs, isFurther));
}

/** All rows of a table in single precision. */
export function allRows(table: Matrix): Tensor {
  return table instanceof QuantizedMatrix ? embedding(table, tf.range(0, table.shape[0], 1, "int32")) : table;
}

/** The trainable rows of tables whose other rows are frozen. */
const trainableRows = new WeakMap<Tensor, Tensor>();

/**
 * A table of tokens with new ones below it. Where the pretrained ones are frozen, `tokenVectors` and `tokenLogits` give a
 * gradient to the few new rows alone: the whole table's would cost as much as the logits themselves. Frozen means a variable that
 * is not trainable: it gets no gradient then, even from a caller that asks for one.
 *
 * Shapes: `pretrained` [V, D], `added` [N, D], result [V + N, D].
 */
export function joinTokens(pretrained: Matrix, added: Tensor): Matrix {
  if (pretrained instanceof QuantizedMatrix) return pretrained.joined(added);
  const table = tf.concat([pretrained, added], 0);
  if (pretrained instanceof tf.Variable && !pretrained.trainable) trainableRows.set(table, added);
  return table;
}

/**
 * Rows of a table by their ids: vectors[...] = table[ids[...]]. The gradient of a trainable row is the sum of the cotangents where
 * its id stands. Shapes: `table` [V, D], `ids` int32 [...], result [..., D].
 *
 * @throws FlamingoError INVALID_DATA for an id that the table has no row for
 */
export function tokenVectors(table: Matrix, ids: Tensor): Tensor {
  const added = table instanceof QuantizedMatrix ? undefined : trainableRows.get(table);
  if (!added) return embedding(table, ids);
  return recordedAs(
    () => embedding(table, ids),
    (outputs) => {
      const kept = keepForGradient(ids);
      return {
        ...{ name: "TokenVectors", inputs: { added }, outputs, saved: [kept] },
        gradients([dy]) {
          const [first, count] = rangeOf(added, table);
          const column = tf.reshape(tf.cast(kept, "int32"), [-1, 1]);
          const chosen = tf.cast(tf.equal(column, tf.range(first, first + count, 1, "int32")), "float32"); // [B·L, N]
          return [matMul(chosen, asRows(dy!), { transposeA: true })];
        },
      };
    },
  );
}

/**
 * Products with all rows of a table: logits[..., v] = hidden[...] · table[v]. Shapes: `hidden` [..., D], `table` [V, D], result
 * [..., V], in nats before softmax.
 *
 * @throws FlamingoError SHAPE_MISMATCH if the widths differ
 * @see Press and Wolf 2017, Using the Output Embedding to Improve Language Models, arXiv:1608.05859
 */
export function tokenLogits(hidden: Tensor, table: Matrix): Tensor {
  const added = table instanceof QuantizedMatrix ? undefined : trainableRows.get(table);
  if (table instanceof QuantizedMatrix || !added) return linear(hidden, table);
  return recordedAs(
    () => linear(hidden, table),
    (outputs) => {
      const [keptHidden, keptTable] = [keepForGradient(hidden), keepForGradient(table)];
      const gradients: Record<string, (dy: Tensor) => Tensor> = {
        hidden: (dy) => matMul(dy, keptTable),
        added(dy) {
          const [first, count] = rangeOf(added, table);
          const rows = asRows(dy);
          const columns = slice(rows, [0, first], [rows.shape[0]!, count]);
          return matMul(columns, asRows(keptHidden), { transposeA: true });
        },
      };
      return {
        ...{ name: "TokenLogits", inputs: { hidden, added }, outputs, saved: [keptHidden, keptTable] },
        gradients: ([dy], names) => names.map((name) => gradients[name]!(dy!)),
      };
    },
  );
}

/** The first trainable row of a table, and how many there are. */
function rangeOf(added: Tensor, table: Matrix): [number, number] {
  const count = added.shape[0]!;
  return [table.shape[0]! - count, count];
}

function asRows(x: Tensor): Tensor {
  return tf.reshape(x, [-1, x.shape.at(-1)!]);
}
