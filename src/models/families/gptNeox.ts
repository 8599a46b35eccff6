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
  only,
  size,
  vocabularyMap,
} from "./family.ts";
import { ropeScaling, scalingFields, trainedLengthAgrees, withRopeParameters } from "./rope.ts";

/**
 * GPT-NeoX, and with it Pythia and RedPajama-INCITE: a part of each head is rotated, attention and feed-forward read the same input
 * (parallel residual) or not, the output layer is not tied. Queries, keys and values are stored in one, head by head.
 *
 * @see Black et al. 2022, GPT-NeoX-20B, arXiv:2204.06745; Biderman et al. 2023, Pythia, arXiv:2304.01373
 */
export const gptNeox = defineFamily({
  name: "GPT-NeoX",
  source: "transformers 4.46.3",
  modelType: "gpt_neox",
  architecture: "GPTNeoXForCausalLM",
  prefix: "gpt_neox.",
  ignored: /\.attention\.((masked_)?bias|rotary_emb\.inv_freq)$/,
  unsetTokens: { bos_token_id: 0, eos_token_id: 2 },
  config: z
    .object({
      vocab_size: size.default(50_432),
      hidden_size: size.default(6144),
      num_hidden_layers: layers.default(44),
      num_attention_heads: heads.default(64),
      intermediate_size: size.default(24_576),
      hidden_act: activation("gelu"),
      rotary_pct: z.number().positive().max(1).default(0.25),
      rotary_emb_base: z.number().positive().default(10_000),
      max_position_embeddings: size.default(2048),
      layer_norm_eps: z.number().positive().default(1e-5),
      tie_word_embeddings: z.boolean().default(false),
      use_parallel_residual: z.boolean().default(true),
      rope_scaling: ropeScaling,
      attention_bias: z.boolean().default(true),
      pruned_heads: only({}, null),
    })
    .superRefine(headsDivide("hidden_size", "num_attention_heads"))
    .superRefine(trainedLengthAgrees)
    .superRefine((config, { addIssue }) => {
      const rotated = rotatedOf(config);
      if (rotated > 0 && rotated % 2 === 0) return;
      const message = `${config.rotary_pct} rotates ${rotated} channels of a head, which is no even number`;
      addIssue({ code: "custom", path: ["rotary_pct"], message });
    }),
  renamed: (config) => withRopeParameters(config, { base: "rotary_emb_base", share: "rotary_pct" }),
  block(config) {
    const { hidden_size: dim, num_attention_heads: heads, rotary_emb_base: base } = config;
    const headDim = dim / heads;
    const norm = { type: "LayerNorm", config: { epsilon: config.layer_norm_eps } };
    const rotation = {
      base,
      rotatedDim: rotatedOf(config),
      ...scalingFields(config.rope_scaling, config.max_position_embeddings),
    };
    return {
      type: "FlamingoLanguageModel",
      config: {
        vocabulary: config.vocab_size,
        dim,
        layers: config.num_hidden_layers,
        placement: "none",
        decoderLayer: {
          type: "DecoderLayer",
          config: {
            ...{ heads, headDim, bias: config.attention_bias, norm },
            attention: { type: "RotaryAttention", config: rotation },
            residual: config.use_parallel_residual ? "parallel" : "preNorm",
            feedForward: {
              type: "FeedForward",
              config: { inner: config.intermediate_size, bias: true, norm, activation: config.hidden_act },
            },
          },
        },
        norm,
        head: head(config.tie_word_embeddings),
      },
    };
  },
  weights({ num_hidden_layers, num_attention_heads: heads, attention_bias: bias, tie_word_embeddings: tied }) {
    return [
      ...vocabularyMap("gpt_neox.embed_in.weight", "embed_out.weight", tied),
      ...layerMaps(num_hidden_layers, (layer) => {
        const [theirs, ours] = [`gpt_neox.layers.${layer}`, `layers.${layer}`];
        const fused = [`${ours}.attn.to_q`, `${ours}.attn.to_k`, `${ours}.attn.to_v`];
        return [
          ...module(`${theirs}.input_layernorm`, `${ours}.attn.norm`),
          ...module(`${theirs}.attention.query_key_value`, fused, { bias, heads }),
          ...module(`${theirs}.attention.dense`, `${ours}.attn.to_out`, { bias }),
          ...module(`${theirs}.post_attention_layernorm`, `${ours}.ff.0`),
          ...module(`${theirs}.mlp.dense_h_to_4h`, `${ours}.ff.1`),
          ...module(`${theirs}.mlp.dense_4h_to_h`, `${ours}.ff.3`),
        ];
      }),
      ...module("gpt_neox.final_layer_norm", "norm"),
    ];
  },
});

/** Channels of a head that are rotated. */
function rotatedOf(config: { hidden_size: number; num_attention_heads: number; rotary_pct: number }): number {
  return Math.floor((config.hidden_size / config.num_attention_heads) * config.rotary_pct);
}
