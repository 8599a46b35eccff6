import type { z } from "zod";
import type { ConvEncoder } from "../blocks/convEncoder.ts";
import type { NfNet } from "../blocks/nfnet.ts";
import type { PerceiverResampler } from "../blocks/perceiverResampler.ts";
import type { FlamingoLanguageModel } from "./languageModel.ts";
import { nfnets } from "./nfnets.ts";

/** The configurations of a Flamingo's parts. */
export interface Preset {
  /** The vision encoder: a `ConvEncoder` in the small one, an `NfNet` in the paper's. */
  vision: z.input<typeof ConvEncoder.config> | z.input<typeof NfNet.config>;
  resampler: z.input<typeof PerceiverResampler.config>;
  language: z.input<typeof FlamingoLanguageModel.config>;
}

/** Small enough to train in minutes on a laptop's CPU; the vocabulary is that of the studio's own language model. */
const tiny: Preset = {
  vision: { imageSize: 32, visualDim: 128 },
  resampler: { visualDim: 128, depth: 2, latents: 8, heads: 4, headDim: 32, latentStd: 0.02 },
  language: {
    vocabulary: 6144,
    newTokens: 2,
    imageToken: 6144,
    dim: 128,
    layers: 4,
    visualDim: 128,
    decoderLayer: {
      type: "DecoderLayer",
      config: { heads: 4, headDim: 32, attention: { type: "AlibiAttention", config: { slopes: "half" } } },
    },
    fusionLayer: { type: "GatedXattnDense", config: { heads: 4, headDim: 32 } },
  },
};

/** Squared ReLU in a feed-forward, as in all that the paper adds. */
const squaredRelu = { type: "FeedForward", config: { activation: { type: "SquaredRelu" } } };

/**
 * A Flamingo of the paper: heads of 128 channels in the language model and in the gated layers, squared ReLU in what is
 * new, one resampler for all three. The paper does not give all shapes of its projections, so counts come near
 * its figures and do not equal them: without biases the gated layers hold 1.16, 1.80 and 8.36 billion parameters, where it
 * says 1.2, 1.6 and 10, and the resampler 170 million, where it says 194. The vision encoder holds 430.6 million, where it says 435: its
 * NFNet-F6 holds 435.3 with the last convolution, to 3072 channels.
 *
 * @see Alayrac et al. 2022, Flamingo, Table 5 and appendix A.1, arXiv:2204.14198
 */
function paper(layers: number, dim: number, every: number): Preset {
  const visualDim = 1536;
  const heads = dim / 128;
  return {
    // The grid after the last stage, which has the resampler's width, for images of 320 pixels a side.
    vision: { ...nfnets.F6, imageSize: 320, visualDim, finalConv: false },
    resampler: { visualDim, depth: 6, latents: 64, heads: 16, headDim: 96, feedForward: squaredRelu, maxFrames: 8 },
    language: {
      vocabulary: 32_000,
      newTokens: 2,
      imageToken: 32_000,
      dim,
      layers,
      visualDim,
      decoderLayer: { type: "DecoderLayer", config: { heads, headDim: 128, attention: { type: "AlibiAttention" } } },
      fusionLayer: { type: "GatedXattnDense", config: { heads, headDim: 128, feedForward: squaredRelu } },
      every,
      placement: "first",
    },
  };
}

/** Models by name: one that trains on a laptop, and the paper's three, whose weights need no memory until they are made. */
export const presets = {
  tiny,
  "3B": paper(24, 2048, 1),
  "9B": paper(40, 4096, 4),
  "80B": paper(80, 8192, 7),
} as const satisfies Record<string, Preset>;
