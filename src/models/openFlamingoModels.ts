import { FlamingoError } from "../core/errors.ts";
import type { SlotInput } from "../core/slot.ts";
import { modelOf } from "./families/index.ts";

/** CLIP's ViT-L/14, in open_clip's terms. */
const vision = { image_size: 224, patch_size: 14, width: 1024, layers: 24, head_width: 64, quick_gelu: true };

/**
 * MPT's tokenizer, and RedPajama's, is GPT-NeoX'. OpenFlamingo resizes the table of embeddings to its tokens and three new ones, the last for
 * padding.
 */
const tokens = { vocab_size: 50_277, eoc_token_id: 50_277, media_token_id: 50_278, pad_token_id: 50_279 };

const mpt1b = { model_type: "mpt", d_model: 2048, n_heads: 16, n_layers: 24 };
const redPajama3b = {
  ...{ model_type: "gpt_neox", hidden_size: 2560, num_hidden_layers: 32, num_attention_heads: 32 },
  ...{ intermediate_size: 10_240, rotary_pct: 1, use_parallel_residual: false },
};
const mpt7b = { model_type: "mpt", d_model: 4096, n_heads: 32, n_layers: 32 };

/** The language model, and before every which of its layers a gated one stands. */
const published = {
  "OpenFlamingo-3B": { lang: mpt1b, every: 1 },
  "OpenFlamingo-4B": { lang: redPajama3b, every: 2 },
  "OpenFlamingo-9B": { lang: mpt7b, every: 4 },
} as const;

/** The names of the published OpenFlamingo models. */
export const openFlamingoModels = Object.keys(published) as (keyof typeof published)[];

/**
 * A published OpenFlamingo model, as a block with its configuration: CLIP's ViT-L/14, a resampler of depth 6 with 64 latents, and
 * MPT-1B, RedPajama-3B or MPT-7B with gated layers.
 *
 * @throws FlamingoError NOT_FOUND for another name
 * @see Awadalla et al. 2023, OpenFlamingo, arXiv:2308.01390, Table 1
 */
export function openFlamingoModel(name: string): SlotInput {
  const found = Object.hasOwn(published, name) ? published[name as keyof typeof published] : undefined;
  if (!found)
    throw new FlamingoError("NOT_FOUND", `there is no OpenFlamingo model "${name}"`, {
      fix: `use one of ${openFlamingoModels.join(", ")}`,
    });
  const { vocab_size, ...ids } = tokens;
  const { block } = modelOf({
    ...{ architectures: ["Flamingo"], vision, lang: { ...found.lang, vocab_size }, lang_vocab_size: vocab_size + 3 },
    ...{ cross_attn_every_n_layers: found.every, ...ids },
  });
  return found.lang === mpt1b ? withQueryKeyNorm(block) : block;
}

/** MPT-1B normalises its queries and keys, which transformers' MPT cannot. */
function withQueryKeyNorm({ type, config }: SlotInput): SlotInput {
  const { languageModel, ...others } = config as { languageModel: SlotInput };
  const { decoderLayer, ...fields } = languageModel.config as { decoderLayer: SlotInput };
  const queryKeyNorm = { type: "LayerNorm", config: { bias: false } };
  const layer = { ...decoderLayer, config: { ...decoderLayer.config, queryKeyNorm } };
  return {
    type,
    config: { ...others, languageModel: { ...languageModel, config: { ...fields, decoderLayer: layer } } },
  };
}
