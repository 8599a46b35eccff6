import { z } from "zod";
import { activation } from "./activation.ts";
import {
  defineFamily,
  head,
  heads,
  headsDivide,
  layerMaps,
  layers,
  module,
  size,
  token,
  vocabularyMap,
} from "./family.ts";

/**
 * OPT: learnt positions that count a row's own tokens, ReLU, pre-norm layers with biases, tied output layer. The one of 350 million
 * parameters has narrower token embeddings, which are projected, and normalises after its layers.
 *
 * @see Zhang et al. 2022, OPT, arXiv:2205.01068
 */
export const opt = defineFamily({
  name: "OPT",
  source: "transformers 4.46.3",
  modelType: "opt",
  architecture: "OPTForCausalLM",
  prefix: "model.",
  config: z
    .object({
      vocab_size: size.default(50_272),
      hidden_size: size.default(768),
      num_hidden_layers: layers.default(12),
      ffn_dim: size.default(3072),
      max_position_embeddings: size.default(2048),
      do_layer_norm_before: z.boolean().default(true),
      _remove_final_layer_norm: z.boolean().default(false),
      word_embed_proj_dim: size.nullish(),
      num_attention_heads: heads.default(12),
      activation_function: activation("relu"),
      pad_token_id: token.nullable().default(1),
      enable_bias: z.boolean().default(true),
      layer_norm_elementwise_affine: z.boolean().default(true),
      tie_word_embeddings: z.boolean().default(true),
    })
    .superRefine(headsDivide("hidden_size", "num_attention_heads")),
  block(config) {
    const { hidden_size: dim, num_attention_heads: heads, enable_bias: bias } = config;
    const affine = config.layer_norm_elementwise_affine;
    const norm = { type: "LayerNorm", config: affine ? {} : { scale: false, bias: false } };
    const none = { type: "Identity" };
    const before = config.do_layer_norm_before;
    return {
      type: "FlamingoLanguageModel",
      config: {
        vocabulary: config.vocab_size,
        paddingToken: config.pad_token_id ?? undefined,
        dim,
        embeddingDim: config.word_embed_proj_dim ?? undefined,
        layers: config.num_hidden_layers,
        placement: "none",
        positions: { type: "TextPositions", config: { maxLength: config.max_position_embeddings, offset: 2 } },
        decoderLayer: {
          type: "DecoderLayer",
          config: {
            ...{ heads, headDim: dim / heads, bias, norm },
            residual: before ? "preNorm" : "postNorm",
            feedForward: {
              type: "FeedForward",
              config: {
                inner: config.ffn_dim,
                bias,
                norm: before ? norm : none,
                activation: config.activation_function,
              },
            },
          },
        },
        norm: before && !config._remove_final_layer_norm ? norm : none,
        head: head(config.tie_word_embeddings),
      },
    };
  },
  weights(config) {
    const { enable_bias: bias, layer_norm_elementwise_affine: affine, do_layer_norm_before: before } = config;
    const isProjected = (config.word_embed_proj_dim ?? config.hidden_size) !== config.hidden_size;
    const norm = (theirs: string, ours: string) => module(theirs, ours, { weight: affine, bias: affine });
    const projection = (name: string) => module(`model.decoder.${name}`, name, { bias: false });
    return [
      ...vocabularyMap("model.decoder.embed_tokens.weight", "lm_head.weight", config.tie_word_embeddings),
      { theirs: "model.decoder.embed_positions.weight", ours: ["embed_positions"] },
      ...(isProjected ? [...projection("project_in"), ...projection("project_out")] : []),
      ...layerMaps(config.num_hidden_layers, (layer) => {
        const [theirs, ours] = [`model.decoder.layers.${layer}`, `layers.${layer}`];
        return [
          ...norm(`${theirs}.self_attn_layer_norm`, `${ours}.${before ? "attn.norm" : "attn_norm"}`),
          ...module(`${theirs}.self_attn.q_proj`, `${ours}.attn.to_q`, { bias }),
          ...module(`${theirs}.self_attn.k_proj`, `${ours}.attn.to_k`, { bias }),
          ...module(`${theirs}.self_attn.v_proj`, `${ours}.attn.to_v`, { bias }),
          ...module(`${theirs}.self_attn.out_proj`, `${ours}.attn.to_out`, { bias }),
          ...norm(`${theirs}.final_layer_norm`, `${ours}.${before ? "ff.0" : "ff_norm"}`),
          ...module(`${theirs}.fc1`, `${ours}.ff.1`, { bias }),
          ...module(`${theirs}.fc2`, `${ours}.ff.3`, { bias }),
        ];
      }),
      ...(before && !config._remove_final_layer_norm ? norm("model.decoder.final_layer_norm", "norm") : []),
    ];
  },
});
