import { z } from "zod";
import { count as countField, layerCount } from "../core/configFields.ts";
import { defineBlock } from "../core/defineBlock.ts";
import { add } from "./add.ts";
import { headFields } from "./attention.ts";
import { feedForwardSlot } from "./feedForward.ts";
import { flattenFrames } from "./flattenFrames.ts";
import { FrameEmbedding } from "./frameEmbedding.ts";
import { Latents, latentFields } from "./latents.ts";
import { LayerNorm } from "./layerNorm.ts";
import { MediaTimeEmbedding } from "./mediaTimeEmbedding.ts";
import { PerceiverAttention } from "./perceiverAttention.ts";
import { resamplerFields, resamplerInputs, resamplerOutputs } from "./resampler.ts";

/**
 * Turns any number of visual features, from images or video frames, into a fixed number of visual tokens.
 *
 * Learnt latents pass through `depth` layers of `latents += attention(features, latents)`, `latents +=
 * feedForward(latents)`, and a last LayerNorm. Shapes: `features` [batch, media, frames, features, visualDim], `media`
 * [batch, media, latents, visualDim]. Frame and media time embeddings exist if `maxFrames` and `maxMedia` are set; the
 * paper uses the first, OpenFlamingo neither. Weights are named as in OpenFlamingo.
 *
 * @see Alayrac et al. 2022, Flamingo, section 2.1 and Figure 5, arXiv:2204.14198
 */
export const PerceiverResampler = defineBlock({
  name: "PerceiverResampler",
  title: "Perceiver Resampler",
  category: "Fusion",
  summary: "Turns any number of visual features, from images or video frames, into a fixed number of visual tokens.",
  paper: "2.1, Figure 5",
  config: z.strictObject({
    ...resamplerFields,
    depth: layerCount("Layers", "Layers of attention and feed-forward.").default(6),
    ...latentFields,
    ...headFields,
    feedForward: feedForwardSlot,
    maxMedia: countField(
      "Most images",
      "Adds a learnt embedding to the features of each image of a document, for up to so many images; empty for none.",
      "images",
    ).optional(),
  }),
  example: { visualDim: 8, depth: 2, latents: 3, heads: 2, headDim: 4, maxFrames: 3, maxMedia: 2 },
  exampleSizes: { batch: 2, media: 2, frames: 2, features: 4 },
  group: "resampler",
  inputs: resamplerInputs,
  outputs: resamplerOutputs,
  build(config, { child }) {
    const { visualDim: dim, depth, latents: count, latentStd: std, heads, headDim, maxFrames, maxMedia } = config;
    const frameEmbedding = maxFrames && child("frame_embs", FrameEmbedding, { dim, maxFrames });
    const timeEmbedding = maxMedia && child("media_time_embs", MediaTimeEmbedding, { dim, maxMedia });
    const initialLatents = child("latents", Latents, { dim, latents: count, std });
    const layers = Array.from({ length: depth }, (_, layer) => ({
      attend: child(`layers.${layer}.0`, PerceiverAttention, { dim, heads, headDim }),
      ff: child(`layers.${layer}.1`, config.feedForward, { dim }),
    }));
    const norm = child("norm", LayerNorm, { dim });
    return ({ features }) => {
      let x = flattenFrames(frameEmbedding ? frameEmbedding(features) : features); // [B, M, F·V, D]
      if (timeEmbedding) x = timeEmbedding(x);
      let latents = initialLatents(x); // [B, M, N, D]
      for (const { attend, ff } of layers) {
        latents = add(latents, attend(x, latents));
        latents = add(latents, ff(latents));
      }
      return norm(latents);
    };
  },
});
