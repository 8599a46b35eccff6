import { z } from "zod";
import { float32, int32 } from "../core/port.ts";
import { crossEntropy } from "../engine/ops/crossEntropy.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { reshape } from "../engine/tensor.ts";

/**
 * Next-token loss: the mean cross-entropy of the target tokens, in nats.
 *
 * loss = mean over targets that count of −log softmax(logits)[target], in nats a token. Shapes: `logits` [batch, length,
 * tokens], `targets` [batch, length] (the token that comes next, or -100 where the loss does not count: padding,
 * `<image>`, what stands before the first image), `loss` a scalar. Where no target counts, the loss is 0.
 *
 * @see Alayrac et al. 2022, Flamingo, section 2.4, arXiv:2204.14198; OpenFlamingo v2.0.1 (masking of labels)
 */
export const NextTokenLoss = definePrimitive({
  name: "NextTokenLoss",
  title: "Next-token loss",
  category: "Loss",
  summary: "Next-token loss: the mean cross-entropy of the target tokens, in nats.",
  paper: "2.4",
  config: z.strictObject({}),
  example: {},
  exampleSizes: { batch: 2, length: 5, tokens: 9 },
  inputs: {
    logits: float32("batch length tokens", "scores of each token as the next"),
    targets: int32("batch length", "the token that comes next, or -100 where the loss does not count"),
  },
  outputs: { loss: float32("", "mean cross-entropy in nats a token") },
  build:
    () =>
    ({ logits, targets }) =>
      crossEntropy(reshape(logits, [-1, logits.shape[2]!]), reshape(targets, [-1])).loss,
});
