import * as tf from "@tensorflow/tfjs";
import { FlamingoError } from "../../core/errors.ts";
import { checkNumbers } from "../read.ts";
import type { Tensor } from "../tensor.ts";
import { defineOperation } from "./operation.ts";

/** The label that OpenFlamingo and PyTorch give to a target that does not count. */
export const ignoredTarget = -100;

export interface CrossEntropyAttributes {
  /** The target that does not count. */
  ignore: number;
}

type Inputs = { logits: Tensor; targets: Tensor };

/** Whether each target counts, and the targets with 0 where they do not. */
function included(targets: Tensor, ignore: number): { counts: Tensor; labels: Tensor } {
  const counts = tf.notEqual(targets, tf.scalar(ignore, "int32"));
  return { counts, labels: tf.where(counts, targets, tf.zerosLike(targets)) };
}

/** The logits with rows of zeros where the target does not count: no number there may reach the loss, not even NaN. */
function includedLogits(logits: Tensor, counts: Tensor): Tensor {
  return tf.where(tf.expandDims(counts, 1), logits, tf.zerosLike(logits));
}

export const crossEntropyOp = defineOperation<Inputs, CrossEntropyAttributes, Tensor[]>({
  name: "CrossEntropy",
  check({ logits, targets }, { ignore }) {
    const vocabulary = logits.shape[1]!;
    checkNumbers([targets], (numbers) => {
      for (let at = 0; at < numbers.length; at++) {
        const id = numbers[at]!;
        if (id !== ignore && !(id >= 0 && id < vocabulary)) throw noToken(id, vocabulary, ignore);
      }
    });
  },
  shape: () => [[], []],
  formula({ logits, targets }, { ignore }) {
    const { counts, labels } = included(targets, ignore);
    const count = tf.sum(tf.cast(counts, "float32"));
    const chosen = tf.oneHot(labels as tf.Tensor1D, logits.shape[1]!).toFloat();
    const logProbabilities = tf.sum(tf.mul(tf.logSoftmax(includedLogits(logits, counts)), chosen), -1);
    const total = tf.sum(tf.where(counts, logProbabilities, tf.zerosLike(logProbabilities)));
    return [tf.neg(tf.div(total, tf.maximum(count, 1))), count];
  },
  savesOutputs: [1],
  gradient: ({ dy, inputs, outputs: [count] }, attributes) => ({
    logits: () => crossEntropyGradientOp.run({ ...inputs, count: count!, dy }, attributes),
  }),
});

/** (softmax(logits) − one-hot(target))·dy/count, and 0 where the target does not count. */
export const crossEntropyGradientOp = defineOperation<Inputs & { count: Tensor; dy: Tensor }, CrossEntropyAttributes>({
  name: "CrossEntropyGradient",
  shape: ({ logits }) => logits.shape,
  formula({ logits, targets, count, dy }, { ignore }) {
    const { counts, labels } = included(targets, ignore);
    const chosen = tf.oneHot(labels as tf.Tensor1D, logits.shape[1]!).toFloat();
    const difference = tf.sub(tf.softmax(includedLogits(logits, counts)), chosen);
    const part = tf.div(dy, tf.maximum(count, 1));
    return tf.mul(tf.mul(difference, part), tf.expandDims(tf.cast(counts, "float32"), 1));
  },
});

/**
 * Softmax cross-entropy: the mean over the targets that count of log Σ exp(logits) − logits[target], in nats.
 *
 * Shapes: `logits` [N, V], `targets` int32 [N]. Returns two scalars: `loss`, and `count`, the number of targets that
 * differ from `ignore`. If none counts, the loss is 0 and so is its gradient.
 *
 * @throws FlamingoError INVALID_DATA for a target beyond the vocabulary
 */
export function crossEntropy(logits: Tensor, targets: Tensor, ignore = ignoredTarget): { loss: Tensor; count: Tensor } {
  const labels = targets.dtype === "int32" ? targets : tf.cast(targets, "int32");
  const [loss, count] = crossEntropyOp.run({ logits, targets: labels }, { ignore });
  return { loss: loss!, count: count! };
}

function noToken(target: number, vocabulary: number, ignore: number): FlamingoError {
  return new FlamingoError("INVALID_DATA", `target ${target} is not in a vocabulary of ${vocabulary}`, {
    expected: vocabulary,
    actual: target,
    fix: `use targets below ${vocabulary}, or ${ignore} for one that does not count`,
  });
}
