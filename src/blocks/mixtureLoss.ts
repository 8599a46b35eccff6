import { z } from "zod";
import { float32, optional } from "../core/port.ts";
import { add, scale } from "../engine/ops/elementwise.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { zeros } from "../engine/tensor.ts";

/** The weight of a dataset, as a configuration field. */
function weightField(title: string, value: number) {
  const description = "What the loss of this dataset is multiplied by (λ).";
  return z.number().nonnegative().default(value).meta({ title, description });
}

/**
 * Mixture of datasets: the weighted sum of their losses.
 *
 * loss = Σ λ · loss of each dataset that is connected. Train computes the datasets one after the other and adds their gradients
 * (accumulation), or takes them in turn, one a step (round robin). Shapes: all scalars, in nats.
 *
 * @see Alayrac et al. 2022, Flamingo, section 2.4, Table 3 (ii) and appendix B.2 (λ of M3W, ALIGN, LTIP and VTP), arXiv:2204.14198
 */
export const MixtureLoss = definePrimitive({
  name: "MixtureLoss",
  title: "Mixture of datasets",
  category: "Loss",
  summary: "Mixture of datasets: the weighted sum of their losses.",
  paper: "2.4, Appendix B.2",
  config: z.strictObject({
    interleavedWeight: weightField("Weight of interleaved pages", 1),
    pairsWeight: weightField("Weight of image-text pairs", 0.2),
    longPairsWeight: weightField("Weight of pairs with long texts", 0.2),
    videoWeight: weightField("Weight of video-text pairs", 0.03),
    order: z.enum(["accumulation", "roundRobin"]).default("accumulation").meta({
      title: "Order",
      description: "Gradients of all datasets are added for each step (accumulation), or each step is of one, in turn.",
    }),
  }),
  example: {},
  inputs: {
    interleaved: optional(float32("", "loss on interleaved images and text (M3W)")),
    pairs: optional(float32("", "loss on image-text pairs (ALIGN)")),
    longPairs: optional(float32("", "loss on pairs with longer texts (LTIP)")),
    video: optional(float32("", "loss on video-text pairs (VTP)")),
  },
  outputs: { loss: float32("", "weighted sum, in nats a token") },
  mixture: (config) => ({ weights: weightsOf(config), inTurn: config.order === "roundRobin" }),
  build: (config) => (inputs) => {
    const weights = weightsOf(config);
    const weighted = Object.entries(inputs).flatMap(([dataset, loss]) =>
      loss ? [scale(loss, weights[dataset as keyof typeof weights])] : [],
    );
    return weighted.reduce((sum, loss) => add(sum, loss), weighted.shift() ?? zeros([]));
  },
});

type WeightField = "interleavedWeight" | "pairsWeight" | "longPairsWeight" | "videoWeight";

/** The weight of the loss at each input. */
function weightsOf({ interleavedWeight, pairsWeight, longPairsWeight, videoWeight }: Record<WeightField, number>) {
  return { interleaved: interleavedWeight, pairs: pairsWeight, longPairs: longPairsWeight, video: videoWeight };
}
