import * as tf from "@tensorflow/tfjs";
import { FlamingoError } from "../../core/errors.ts";
import { keepForGradient, recordedAs } from "../autodiff/tape.ts";
import { checkNumbers } from "../read.ts";
import type { Tensor } from "../tensor.ts";
import { slice } from "./layout.ts";
import { linear, matMul } from "./matMul.ts";
import { defineOperation } from "./operation.ts";

export const embeddingOp = defineOperation<{ table: Tensor; ids: Tensor }>({
  name: "Embedding",
  check({ table, ids }) {
    const rows = table.shape[0]!;
    checkNumbers([ids], (numbers) => {
      for (let at = 0; at < numbers.length; at++)
        if (!(numbers[at]! >= 0 && numbers[at]! < rows)) throw noRow(numbers[at]!, rows);
    });
  },
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
export function embedding(table: Tensor, ids: Tensor): Tensor {
  return embeddingOp.run({ table, ids: ids.dtype === "int32" ? ids : tf.cast(ids, "int32") }, {});
}

function noRow(id: number, rows: number): FlamingoError {
  return new FlamingoError("INVALID_DATA", `id ${id} is not in a table of ${rows} rows`, {
    expected: rows,
    actual: id,
    fix: "use the tokenizer that the table was made for",
  });
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
export function joinTokens(pretrained: Tensor, added: Tensor): Tensor {
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
export function tokenVectors(table: Tensor, ids: Tensor): Tensor {
  const added = trainableRows.get(table);
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
export function tokenLogits(hidden: Tensor, table: Tensor): Tensor {
  const added = trainableRows.get(table);
  if (!added) return linear(hidden, table);
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
function rangeOf(added: Tensor, table: Tensor): [number, number] {
  const count = added.shape[0]!;
  return [table.shape[0]! - count, count];
}

function asRows(x: Tensor): Tensor {
  return tf.reshape(x, [-1, x.shape.at(-1)!]);
}
