import type { SlotInput } from "../../src/core/slot.ts";

/** What tests change of a language model. */
export interface LanguageChange {
  attention?: SlotInput;
  norm?: string;
  feedForward?: string;
  positions?: SlotInput;
  attend?: "immediate" | "allPrevious";
  padded?: boolean;
  [field: string]: unknown;
}

/** The configuration of a small language model with gated layers: heads of 4 channels, inner layers twice as wide. */
export function languageConfig({
  attention = { type: "AlibiAttention" },
  norm = "LayerNorm",
  feedForward = "FeedForward",
  attend = "immediate",
  padded = true,
  ...change
}: LanguageChange = {}) {
  const forward = { type: feedForward, config: { mult: 2, norm: { type: norm } } };
  return {
    ...{ vocabulary: 13, newTokens: 2, imageToken: 13, dim: 8, layers: 2, visualDim: 6 },
    norm: { type: norm },
    decoderLayer: {
      type: "DecoderLayer",
      config: { heads: 2, headDim: 4, attention, norm: { type: norm }, feedForward: forward },
    },
    fusionLayer: {
      type: "GatedXattnDense",
      config: { heads: 2, headDim: 4, attend, padded, feedForward: { type: "FeedForward", config: { mult: 2 } } },
    },
    ...change,
  };
}
