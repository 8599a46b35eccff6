import { z } from "zod";
import { layerCount } from "../core/configFields.ts";
import { defineBlock } from "../core/defineBlock.ts";
import { float32 } from "../core/port.ts";
import { slot } from "../core/slot.ts";
import { concat } from "./concat.ts";
import { EncoderLayer } from "./encoderLayer.ts";
import { firstPositions } from "./firstPositions.ts";
import { flattenFrames } from "./flattenFrames.ts";
import { FrameEmbedding } from "./frameEmbedding.ts";
import { Latents, latentFields } from "./latents.ts";
import { LayerNorm } from "./layerNorm.ts";
import { resamplerFields, resamplerInputs, resamplerOutputs } from "./resampler.ts";

/**
 * A plain transformer in place of the resampler: latents and features attend to each other in one sequence.
 *
 * Learnt latents stand before the features; `depth` encoder layers work on all of them, and the latents, after a last LayerNorm, are
 * the visual tokens. Shapes: `features` [batch, media, frames, features, visualDim], `media` [batch, media, latents, visualDim].
 *
 * @see Alayrac et al. 2022, Flamingo, section 3.3 and Table 3 (v: "Transformer"), which does not give its sizes; arXiv:2204.14198
 */
export const TransformerResampler = defineBlock({
  name: "TransformerResampler",
  title: "Transformer resampler",
  category: "Fusion",
  summary: "A plain transformer in place of the resampler: latents and features attend to each other in one sequence.",
  paper: "3.3, Table 3",
  config: z.strictObject({
    ...resamplerFields,
    depth: layerCount("Layers", "Encoder layers.").default(6),
    ...latentFields,
    layer: slot({
      title: "Encoder layer",
      description: "The layers of the resampler.",
      inputs: { hidden: float32("...lead length dim", "latents and features") },
      outputs: { hidden: float32("...lead length dim", "the same after the layer") },
      given: ["dim"],
      default: EncoderLayer,
    }),
  }),
  example: {
    visualDim: 8,
    depth: 2,
    latents: 3,
    maxFrames: 3,
    layer: { type: "EncoderLayer", config: { heads: 2, headDim: 4 } },
  },
  exampleSizes: { batch: 2, media: 2, frames: 2, features: 4 },
  group: "resampler",
  inputs: resamplerInputs,
  outputs: resamplerOutputs,
  build({ visualDim: dim, depth, latents, latentStd, layer, maxFrames }, { child }) {
    const frameEmbedding = maxFrames && child("frame_embs", FrameEmbedding, { dim, maxFrames });
    const initialLatents = child("latents", Latents, { dim, latents, std: latentStd });
    const layers = Array.from({ length: depth }, (_, index) => child(`layers.${index}`, layer, { dim }));
    const norm = child("norm", LayerNorm, { dim });
    const takeLatents = firstPositions.with({ count: latents });
    return ({ features }) => {
      const seen = flattenFrames(frameEmbedding ? frameEmbedding(features) : features); // [B, M, F·V, D]
      let x = concat(initialLatents(seen), seen); // [B, M, N + F·V, D]
      for (const layer of layers) x = layer(x);
      return norm(takeLatents(x));
    };
  },
});
