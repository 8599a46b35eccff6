import { z } from "zod";
import { count, defineBlock } from "../core/block.ts";
import { float32 } from "../core/port.ts";
import { Add } from "./add.ts";
import { activationField, FeedForward } from "./feedForward.ts";
import { FlattenFrames } from "./flattenFrames.ts";
import { FrameEmbedding } from "./frameEmbedding.ts";
import { Latents } from "./latents.ts";
import { LayerNorm } from "./layerNorm.ts";
import { MediaTimeEmbedding } from "./mediaTimeEmbedding.ts";
import { PerceiverAttention } from "./perceiverAttention.ts";

/**
 * Turns any number of visual features, from images or video frames, into a fixed number of visual tokens.
 *
 * Learnt latents pass through `depth` layers of `latents += attention(features, latents)`, `latents +=
 * feedForward(latents)`, and a last LayerNorm. Shapes: `features` [batch, media, frames, features, visualDim], `media`
 * [batch, media, latents, visualDim]. Frame and media time embeddings are there if `maxFrames` and `maxMedia` say so;
 * the paper uses the first, OpenFlamingo neither. Weights are named as in OpenFlamingo.
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
    visualDim: count("Visual width", "Channels of features and visual tokens.", "channels"),
    depth: count("Layers", "How often the latents look at the features.").default(6),
    latents: count("Latents", "Visual tokens for each image.", "tokens").default(64),
    heads: count("Heads", "Attention heads.").default(8),
    headDim: count("Head width", "Channels of each head.", "channels").default(64),
    ffMult: count("Expansion", "How many times wider the feed-forward's inner layer is.").default(4),
    activation: activationField,
    maxFrames: count(
      "Most frames",
      "Gives each frame an embedding of its own, up to so many; leave empty for none.",
      "frames",
    ).optional(),
    maxMedia: count(
      "Most images",
      "Gives each image of a document an embedding of its own, up to so many; leave empty for none.",
      "images",
    ).optional(),
    latentStd: z
      .number()
      .positive()
      .default(1)
      .meta({ title: "Latents' spread", description: "Standard deviation of the initial latents." }),
  }),
  example: { visualDim: 8, depth: 2, latents: 3, heads: 2, headDim: 4, maxFrames: 3, maxMedia: 2 },
  exampleSizes: { batch: 2, media: 2, frames: 2, features: 4 },
  inputs: {
    features: float32("batch media frames features visualDim", "visual features of each frame of each image or video"),
  },
  outputs: { media: float32("batch media latents visualDim", "visual tokens of each image or video") },
  build(
    { visualDim: dim, depth, latents, heads, headDim, ffMult, activation, maxFrames, maxMedia, latentStd },
    { child },
  ) {
    const frameEmbedding = maxFrames ? child("frame_embs", FrameEmbedding, { dim, maxFrames }) : undefined;
    const flatten = child("flatten", FlattenFrames, {});
    const timeEmbedding = maxMedia ? child("media_time_embs", MediaTimeEmbedding, { dim, maxMedia }) : undefined;
    const start = child("latents", Latents, { dim, latents, std: latentStd });
    const layers = Array.from({ length: depth }, (_, layer) => ({
      attend: child(`layers.${layer}.0`, PerceiverAttention, { dim, heads, headDim }),
      addSeen: child(`layers.${layer}.add_seen`, Add, {}),
      think: child(`layers.${layer}.1`, FeedForward, { dim, ffMult, activation }),
      addThought: child(`layers.${layer}.add_thought`, Add, {}),
    }));
    const norm = child("norm", LayerNorm, { dim });
    return ({ features }) => {
      const framed = frameEmbedding ? frameEmbedding({ x: features }) : features;
      const flat = flatten({ x: framed }); // [B, M, F·V, D]
      const seen = timeEmbedding ? timeEmbedding({ x: flat }) : flat;
      let x = start({ features: seen }); // [B, M, N, D]
      for (const { attend, addSeen, think, addThought } of layers) {
        x = addSeen({ a: x, b: attend({ features: seen, latents: x }) });
        x = addThought({ a: x, b: think({ x }) });
      }
      return norm({ x });
    };
  },
});
