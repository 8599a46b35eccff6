import { z } from "zod";
import { layerCount } from "../core/configFields.ts";
import { defineBlock } from "../core/defineBlock.ts";
import { float32 } from "../core/port.ts";
import { add } from "./add.ts";
import { feedForwardSlot } from "./feedForward.ts";
import { flattenFrames } from "./flattenFrames.ts";
import { FrameEmbedding } from "./frameEmbedding.ts";
import { LayerNorm } from "./layerNorm.ts";
import { resamplerFields, resamplerInputs } from "./resampler.ts";

/**
 * A multilayer perceptron in place of the resampler: each feature alone becomes a visual token.
 *
 * x += feedForward(x), `depth` times, and a last LayerNorm. The number of visual tokens is the number of features, so attention to
 * large images is as expensive as they are. Shapes: `features` [batch, media, frames, features, visualDim], `media` [batch, media,
 * frames·features, visualDim].
 *
 * @see Alayrac et al. 2022, Flamingo, section 3.3 and Table 3 (v: "MLP"), which does not give its sizes; arXiv:2204.14198
 */
export const MlpResampler = defineBlock({
  name: "MlpResampler",
  title: "MLP resampler",
  category: "Fusion",
  summary: "A multilayer perceptron in place of the resampler: each feature alone becomes a visual token.",
  paper: "3.3, Table 3",
  config: z.strictObject({
    ...resamplerFields,
    depth: layerCount("Layers", "Feed-forward layers.").default(6),
    feedForward: feedForwardSlot,
  }),
  example: { visualDim: 8, depth: 2, maxFrames: 3 },
  exampleSizes: { batch: 2, media: 2, frames: 2, features: 4 },
  group: "resampler",
  inputs: resamplerInputs,
  outputs: { media: float32("batch media frames*features visualDim", "a visual token for each feature") },
  build({ visualDim: dim, depth, feedForward, maxFrames }, { child }) {
    const frameEmbedding = maxFrames && child("frame_embs", FrameEmbedding, { dim, maxFrames });
    const layers = Array.from({ length: depth }, (_, layer) => child(`layers.${layer}`, feedForward, { dim }));
    const norm = child("norm", LayerNorm, { dim });
    return ({ features }) => {
      let x = flattenFrames(frameEmbedding ? frameEmbedding(features) : features); // [B, M, F·V, D]
      for (const ff of layers) x = add(x, ff(x));
      return norm(x);
    };
  },
});
