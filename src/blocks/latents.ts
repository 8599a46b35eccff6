import { z } from "zod";
import { count } from "../core/block.ts";
import { float32 } from "../core/port.ts";
import { add } from "../engine/ops/elementwise.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { zeros } from "../engine/tensor.ts";

/**
 * Gives each image the same learnt latents to start from: as many visual tokens as there will be, however large the image.
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
  summary:
    "Gives each image the same learnt latents to start from: as many visual tokens as there will be, however large the image.",
  paper: "2.1, Figure 5",
  config: z.strictObject({
    dim: count("Width", "Channels of each latent.", "channels"),
    latents: count("Latents", "Visual tokens for each image.", "tokens"),
    std: z
      .number()
      .positive()
      .default(1)
      .meta({ title: "Spread at the start", description: "Standard deviation of the initial latents." }),
  }),
  example: { dim: 6, latents: 3 },
  exampleSizes: { batch: 2, media: 2, features: 5 },
  inputs: { features: float32("batch media features dim", "visual features of each image") },
  outputs: { latents: float32("batch media latents dim", "the same latents for each image") },
  build({ dim, latents, std }, { weight }) {
    const learnt = weight("", [latents, dim], { kind: "normal", std });
    return ({ features }) => {
      const [batch, media] = features.shape as [number, number, number, number];
      // Adding to zeros repeats them, and its gradient is one sum; tiling's is a cut and a sum for each image.
      return add(zeros([batch, media, latents, dim]), learnt);
    };
  },
});
