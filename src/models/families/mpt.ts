import { z } from "zod";
import { defineFamily, head, headsDivide, layerMaps, layers, module, renamed, size, vocabularyMap } from "./family.ts";

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
export const mpt = defineFamily({
  name: "MPT",
  source: "transformers 4.46.3",
  modelType: "mpt",
  architecture: "MptForCausalLM",
  prefix: "transformer.",
  config: z
    .object({
      vocab_size: size.default(50_368),
      d_model: size.default(2048),
      n_heads: size.default(16),
      n_layers: layers.default(24),
      max_seq_len: size.default(2048),
      layer_norm_epsilon: z.number().positive().default(1e-5),
      attn_config: z
        .object({ clip_qkv: z.number().nonnegative().nullish(), softmax_scale: z.number().nullish() })
        .nullish()
        .transform((given) => given ?? {}),
      tie_word_embeddings: z.boolean().default(true),
    })
    .superRefine(headsDivide("d_model", "n_heads")),
  renamed: renamed({ hidden_size: "d_model", num_attention_heads: "n_heads", num_hidden_layers: "n_layers" }),
  block(config) {
    const { d_model: dim, n_heads: heads, attn_config: attention } = config;
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
  weights({ n_layers, tie_word_embeddings: tied }) {
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
});
