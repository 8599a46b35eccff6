import { z } from "zod";
import type { NameMap } from "../../weights/nameMap.ts";
import { activation } from "./activation.ts";
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

/**
 * GPT-2: learnt positions, pre-norm layers with biases, tied output layer. Linear weights are stored input-major (Conv1D), queries,
 * keys and values in one.
 *
 * @see Radford et al. 2019, Language Models are Unsupervised Multitask Learners
 */
export const gpt2 = defineFamily({
  name: "GPT-2",
  source: "transformers 4.46.3",
  modelType: "gpt2",
  architecture: "GPT2LMHeadModel",
  prefix: "transformer.",
  ignored: /\.attn\.(masked_)?bias$/,
  config: z
    .object({
      vocab_size: size.default(50_257),
      n_positions: size.default(1024),
      n_embd: size.default(768),
      n_layer: layers.default(12),
      n_head: heads.default(12),
      n_inner: size.nullish(),
      activation_function: activation("gelu_new"),
      layer_norm_epsilon: z.number().positive().default(1e-5),
      scale_attn_weights: z.boolean().default(true),
      tie_word_embeddings: z.boolean().default(true),
      scale_attn_by_inverse_layer_idx: only(false),
      add_cross_attention: only(false),
      pruned_heads: only({}, null),
    })
    .superRefine(headsDivide("n_embd", "n_head")),
  renamed: renamed({
    ...{ hidden_size: "n_embd", max_position_embeddings: "n_positions" },
    ...{ num_attention_heads: "n_head", num_hidden_layers: "n_layer" },
  }),
  block(config) {
    const { n_embd: dim, n_head: heads, layer_norm_epsilon: epsilon } = config;
    const norm = { type: "LayerNorm", config: { epsilon } };
    return {
      type: "FlamingoLanguageModel",
      config: {
        vocabulary: config.vocab_size,
        dim,
        layers: config.n_layer,
        placement: "none",
        positions: { type: "TextPositions", config: { maxLength: config.n_positions } },
        decoderLayer: {
          type: "DecoderLayer",
          config: {
            heads,
            headDim: dim / heads,
            bias: true,
            attention: { type: "Attention", config: config.scale_attn_weights ? {} : { scale: 1 } },
            norm,
            feedForward: {
              type: "FeedForward",
              config: { inner: config.n_inner ?? 4 * dim, bias: true, norm, activation: config.activation_function },
            },
          },
        },
        norm,
        head: head(config.tie_word_embeddings),
      },
    };
  },
  weights({ n_layer, tie_word_embeddings: tied }) {
    return [
      ...vocabularyMap("transformer.wte.weight", "lm_head.weight", tied),
      { theirs: "transformer.wpe.weight", ours: ["embed_positions"] },
      ...layerMaps(n_layer, layerMap),
      ...module("transformer.ln_f", "norm"),
    ];
  },
});

function layerMap(layer: number): NameMap {
  const [theirs, ours] = [`transformer.h.${layer}`, `layers.${layer}`];
  return [
    ...module(`${theirs}.ln_1`, `${ours}.attn.norm`),
    ...module(`${theirs}.attn.c_attn`, [`${ours}.attn.to_q`, `${ours}.attn.to_k`, `${ours}.attn.to_v`], {
      transposed: true,
    }),
    ...module(`${theirs}.attn.c_proj`, `${ours}.attn.to_out`, { transposed: true }),
    ...module(`${theirs}.ln_2`, `${ours}.ff.0`),
    ...module(`${theirs}.mlp.c_fc`, `${ours}.ff.1`, { transposed: true }),
    ...module(`${theirs}.mlp.c_proj`, `${ours}.ff.3`, { transposed: true }),
  ];
}
