import * as tf from "@tensorflow/tfjs";
import { hasKernel, runKernel } from "./kernels.ts";
import type { Tensor } from "./tensor.ts";

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
