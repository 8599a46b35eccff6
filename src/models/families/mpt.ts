import { z } from "zod";
import type { SlotInput } from "../../core/slot.ts";
import type { NameMap } from "../../weights/nameMap.ts";
import {
  defineFamily,
  head,
  heads,
  headsDivide,
  layerMaps,
  layers,
  module,
  only,
  renamed,
  size,
  vocabularyMap,
} from "./family.ts";

const attention = z.object({ clip_qkv: z.number().nonnegative().nullish(), softmax_scale: z.number().nullish() });

const fields = z
  .object({
    vocab_size: size.default(50_368),
    d_model: size.default(2048),
    n_heads: heads.default(16),
    n_layers: layers.default(24),
    max_seq_len: size.default(2048),
    layer_norm_epsilon: z.number().positive().default(1e-5),
    attn_config: attention.nullish(),
    tie_word_embeddings: z.boolean().default(true),
  })
  .superRefine(headsDivide("d_model", "n_heads"));

type Fields = z.output<typeof fields>;

const common = {
  source: "transformers 4.46.3",
  modelType: "mpt",
  prefix: "transformer.",
  renamed: renamed({ hidden_size: "d_model", num_attention_heads: "n_heads", num_hidden_layers: "n_layers" }),
  block(config: Fields): SlotInput {
    const { d_model: dim, n_heads: heads } = config;
    const attention = config.attn_config ?? {};
    const norm = { type: "LayerNorm", config: { epsilon: config.layer_norm_epsilon, bias: false } };
    return {
      type: "FlamingoLanguageModel",
      config: {
        vocabulary: config.vocab_size,
        dim,
        layers: config.n_layers,
        placement: "none",
        decoderLayer: {
          type: "DecoderLayer",
          config: {
            ...{ heads, headDim: dim / heads, clip: attention.clip_qkv || undefined, norm },
            attention: { type: "AlibiAttention", config: { scale: attention.softmax_scale ?? undefined } },
            feedForward: { type: "FeedForward", config: { norm } },
          },
        },
        norm,
        head: head(config.tie_word_embeddings),
      },
    };
  },
  weights({ n_layers, tie_word_embeddings: tied }: Fields): NameMap {
    const plain = { bias: false };
    return [
      ...vocabularyMap("transformer.wte.weight", "lm_head.weight", tied),
      ...layerMaps(n_layers, (layer) => {
        const [theirs, ours] = [`transformer.blocks.${layer}`, `layers.${layer}`];
        const fused = [`${ours}.attn.to_q`, `${ours}.attn.to_k`, `${ours}.attn.to_v`];
        return [
          ...module(`${theirs}.norm_1`, `${ours}.attn.norm`, plain),
          ...module(`${theirs}.attn.Wqkv`, fused, plain),
          ...module(`${theirs}.attn.out_proj`, `${ours}.attn.to_out`, plain),
          ...module(`${theirs}.norm_2`, `${ours}.ff.0`, plain),
          ...module(`${theirs}.ffn.up_proj`, `${ours}.ff.1`, plain),
          ...module(`${theirs}.ffn.down_proj`, `${ours}.ff.3`, plain),
        ];
      }),
      ...module("transformer.norm_f", "norm", plain),
    ];
  },
};

/**
 * MPT: distances by ALiBi, no biases anywhere, tied output layer. Queries, keys and values are stored in one.
 *
 * As in transformers, the feed-forward is four times as wide, ALiBi's largest bias is 8, and nothing has a bias, whatever
 * `expansion_ratio`, `alibi`, `alibi_bias_max`, `no_bias`, `qk_ln`, `learned_pos_emb` and `logit_scale` say: it does not read them.
 *
 * A text may be longer than `max_seq_len`, where transformers fails: it only makes its table of distances so long.
 *
 * @see MosaicML 2023, MPT-7B; Press et al. 2022, ALiBi, arXiv:2108.12409
 */
export const mpt = defineFamily({ ...common, name: "MPT", architecture: "MptForCausalLM", config: fields });

/**
 * MPT as its makers published it, with a class of their own code, which reads those fields that the library's class does not: they must
 * say what that class takes for granted.
 */
export const mosaicMpt = defineFamily({
  ...common,
  name: "MPT of MosaicML's own class",
  architecture: "MPTForCausalLM",
  exported: ({ auto_map: _, ...config }) => ({ ...config, architectures: ["MptForCausalLM"] }),
  config: fields.safeExtend({
    attn_config: attention.safeExtend({
      alibi: z.literal(true), // off where nothing says so
      alibi_bias_max: only(8),
      attn_type: only("multihead_attention"),
      attn_uses_sequence_id: only(false),
      prefix_lm: only(false),
      qk_ln: only(false),
      qk_gn: only(false),
      sliding_window_size: only(-1),
    }),
    expansion_ratio: only(4),
    ffn_config: z.object({ ffn_type: only("mptmlp"), fc_type: only("torch") }).nullish(),
    logit_scale: only(null),
    no_bias: z.literal(true), // on where nothing says so
    norm_type: only("low_precision_layernorm", "layernorm"),
  }),
});
