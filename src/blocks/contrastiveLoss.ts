import { z } from "zod";
import { count } from "../core/configFields.ts";
import { float32, int32, optional } from "../core/port.ts";
import { crossEntropy } from "../engine/ops/crossEntropy.ts";
import { add, multiply, scale } from "../engine/ops/elementwise.ts";
import { matMul } from "../engine/ops/matMul.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import {
  cast,
  div,
  equal,
  exp,
  expandDims,
  eye,
  ones,
  range,
  reshape,
  rsqrt,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
} from "../engine/tensor.ts";

/** Each row divided by its length. */
function normalised(x: Tensor): Tensor {
  return multiply(x, rsqrt(sum(square(x), -1, true)));
}

/**
 * Contrastive loss: brings the embeddings of an image and its text together, and those of other pairs apart.
 *
 * Both are normalised; with s = image · textᵀ · exp(t)/temperature: loss = ½ (cross-entropy of s's rows + of its columns), the right
 * answer on the diagonal; with label smoothing ε the right answer counts 1 − ε, and all answers share ε evenly. Pairs of the same
 * `concept` off the diagonal do not count. Shapes: `image` and `text` [batch, jointDim], `concept` [batch], `loss` a scalar in nats. The
 * weight `temperature` [1] is t, which starts at 0; the temperature itself is learnt with it, from `temperature` on.
 *
 * @see Radford et al. 2021, CLIP, arXiv:2103.00020; Alayrac et al. 2022, Flamingo, appendix B.1.3 (the sum of both directions)
 */
export const ContrastiveLoss = definePrimitive({
  name: "ContrastiveLoss",
  title: "Contrastive loss",
  category: "Loss",
  summary: "Contrastive loss: brings the embeddings of an image and its text together, and those of other pairs apart.",
  paper: "Appendix B.1.3; arXiv:2103.00020",
  config: z.strictObject({
    jointDim: count("Joint width", "Channels of the shared space.", "channels").default(128),
    temperature: z
      .number()
      .positive()
      .default(0.07)
      .meta({ title: "Temperature", description: "What cosines are divided by at first; it is learnt." }),
    labelSmoothing: z
      .number()
      .min(0)
      .lt(1)
      .default(0)
      .meta({ title: "Label smoothing", description: "Share of the right answer that all answers share evenly." }),
    directions: z.enum(["mean", "sum"]).default("mean").meta({
      title: "Both directions",
      description: "The mean of image to text and text to image (CLIP), or their sum (Flamingo).",
    }),
  }),
  example: { jointDim: 4, labelSmoothing: 0.1 },
  exampleSizes: { batch: 3 },
  inputs: {
    image: float32("batch jointDim", "embeddings of images"),
    text: float32("batch jointDim", "embeddings of their texts"),
    concept: optional(int32("batch", "the concept of each row: equal concepts are no negatives")),
  },
  outputs: { loss: float32("", "mean cross-entropy in nats a pair") },
  build({ temperature, labelSmoothing, directions }, { weight }) {
    const exponent = weight("temperature", [1], { kind: "zeros" });
    return ({ image, text, concept }) => {
      const batch = image.shape[0]!;
      const cosine = matMul(normalised(image), normalised(text), { transposeB: true });
      const scores = multiply(cosine, reshape(scale(exp(exponent), 1 / temperature), [1, 1]));
      const hidden = concept && sub(sameConcept(concept), eye(batch)); // 1 where an answer does not count
      const apart = hidden ? add(scores, scale(hidden, -1e9)) : scores;
      const answers = range(0, batch, 1, "int32");
      const both = add(crossEntropy(apart, answers).loss, crossEntropy(transpose(apart), answers).loss);
      const loss = labelSmoothing > 0 ? add(both, scale(lead(scores, hidden), labelSmoothing)) : both;
      return directions === "mean" ? scale(loss, 0.5) : loss;
    };
  },
});

/** [batch, batch]: 1 where two rows have the same concept. */
function sameConcept(concept: Tensor): Tensor {
  return cast(equal(expandDims(concept, 0), expandDims(concept, 1)), "float32");
}

/**
 * How far the score of the right answer is above the mean of those that count, summed over both directions: smoothed cross-entropy is
 * (1 − ε)(log Σ exp s − sᵢᵢ) + ε (log Σ exp s − mean s), which is cross-entropy and ε times this.
 */
function lead(scores: Tensor, hidden: Tensor | undefined): Tensor {
  const batch = scores.shape[0]!;
  const right = scale(sum(multiply(scores, eye(batch))), 2 / batch);
  if (!hidden) return sub(right, scale(sum(scores), 2 / batch ** 2));
  const counted = sub(ones([batch, batch]), hidden);
  const seen = multiply(scores, counted);
  // As many answers count in a row as in the column of the same pair.
  const number = sum(counted, 1);
  const means = add(div(sum(seen, 1), number), div(sum(seen, 0), number));
  return sub(right, scale(sum(means), 1 / batch));
}
