import { z } from "zod";
import { count } from "../core/block.ts";
import { float32, int32 } from "../core/port.ts";
import { crossEntropy } from "../engine/ops/crossEntropy.ts";
import { add, multiply, scale } from "../engine/ops/elementwise.ts";
import { matMul } from "../engine/ops/matMul.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import {
  cast,
  equal,
  exp,
  expandDims,
  eye,
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
 * Contrastive loss: brings the embeddings of an image and its text together, and those of different concepts apart.
 *
 * Both are normalised; with s = image · textᵀ · exp(t): loss = ½ (cross-entropy of s's rows + of its columns), the right
 * answer on the diagonal. Pairs of the same concept off the diagonal do not count. Shapes: `image` and `text` [batch,
 * jointDim], `concept` [batch], `loss` a scalar in nats. The temperature t is learnt, from ln(1/0.07).
 *
 * @see Radford et al. 2021, CLIP, arXiv:2103.00020; Alayrac et al. 2022, Flamingo, appendix B.1.3
 */
export const ContrastiveLoss = definePrimitive({
  name: "ContrastiveLoss",
  title: "Contrastive loss",
  category: "Loss",
  summary:
    "Contrastive loss: brings the embeddings of an image and its text together, and those of different concepts apart.",
  paper: "Appendix B.1.3; arXiv:2103.00020",
  config: z.strictObject({ jointDim: count("Joint width", "Channels of the shared space.", "channels").default(128) }),
  example: { jointDim: 4 },
  exampleSizes: { batch: 3 },
  inputs: {
    image: float32("batch jointDim", "embeddings of images"),
    text: float32("batch jointDim", "embeddings of their texts"),
    concept: int32("batch", "the concept of each row: equal concepts are no negatives"),
  },
  outputs: { loss: float32("", "mean cross-entropy in nats a pair") },
  build(_config, { weight }) {
    const temperature = weight("temperature", [1], { kind: "zeros" });
    return ({ image, text, concept }) => {
      const batch = image.shape[0]!;
      const cosine = matMul(normalised(image), normalised(text), { transposeB: true });
      const scores = multiply(cosine, reshape(scale(exp(temperature), 1 / 0.07), [1, 1]));
      const same = cast(equal(expandDims(concept, 0), expandDims(concept, 1)), "float32");
      const apart = add(scores, scale(sub(same, eye(batch)), -1e9));
      const answers = range(0, batch, 1, "int32");
      return scale(add(crossEntropy(apart, answers).loss, crossEntropy(transpose(apart), answers).loss), 0.5);
    };
  },
});
