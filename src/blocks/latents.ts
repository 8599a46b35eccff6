import { z } from "zod";
import { count } from "../core/configFields.ts";
import { float32 } from "../core/port.ts";
import { add } from "../engine/ops/elementwise.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { zeros } from "../engine/tensor.ts";

/** The configuration of the latents of a resampler. */
export const latentFields = {
  latents: count("Latents", "Visual tokens for each image.", "tokens").default(64),
  latentStd: z
    .number()
    .positive()
    .default(1)
    .meta({ title: "Initial spread", description: "Standard deviation of the initial latents." }),
};

/**
 * Learnt latents, the same for each image: the resampler's queries, one for each visual token.
 *
 * latents[b, m] = weight. Shapes: `features` [batch, media, features, dim] (only its batch and media count), `latents`
 * [batch, media, latents, dim]; the weight [latents, dim] has the block's own name.
 *
 * @see Alayrac et al. 2022, Flamingo, section 2.1 and Figure 5 (learnt latent queries), arXiv:2204.14198
 */
export const Latents = definePrimitive({
  name: "Latents",
  title: "Learnt latents",
  category: "Vision",
  summary: "Learnt latents, the same for each image: the resampler's queries, one for each visual token.",
  paper: "2.1, Figure 5",
  config: z.strictObject({
    dim: count("Width", "Channels of each latent.", "channels"),
    latents: count("Latents", "Visual tokens for each image.", "tokens"),
    std: latentFields.latentStd,
  }),
  example: { dim: 6, latents: 3 },
  exampleSizes: { batch: 2, media: 2, features: 5 },
  inputs: { features: float32("batch media features dim", "visual features of each image") },
  outputs: { latents: float32("batch media latents dim", "the same latents for each image") },
  build({ dim, latents, std }, { weight }) {
    const learnt = weight("", [latents, dim], { kind: "normal", std });
    return ({ features }) => {
      const [batch, media] = features.shape as [number, number, number, number];
      // Adding to zeros broadcasts the latents; its gradient is one sum, where that of tiling is a slice and a sum for each image.
      return add(zeros([batch, media, latents, dim]), learnt);
    };
  },
});
