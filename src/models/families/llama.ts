import { z } from "zod";
import { activation } from "./activation.ts";
import { defineFamily, head, heads, layerMaps, layers, module, only, size, token, vocabularyMap } from "./family.ts";
import { ropeScaling, scalingFields, trainedLengthAgrees, withRopeParameters } from "./rope.ts";

/**
 * LLaMA: RMSNorm, SwiGLU, rotary positions, with scaling for longer texts; groups of query heads may share keys and values, and the
 * output layer may be tied.
 *
 * @see Touvron et al. 2023, LLaMA, arXiv:2302.13971; Dubey et al. 2024, Llama 3, arXiv:2407.21783
 */
export const llama = defineFamily({
  name: "LLaMA",
  source: "transformers 4.46.3",
  modelType: "llama",
  architecture: "LlamaForCausalLM",
  prefix: "model.",
  ignored: /rotary_emb\.inv_freq$/,
  config: z
    .object({
      vocab_size: size.default(32_000),
      hidden_size: size.default(4096),
      intermediate_size: size.default(11_008),
      num_hidden_layers: layers.default(32),
      num_attention_heads: heads.default(32),
      num_key_value_heads: heads.nullish(),
      hidden_act: activation("silu"),
      max_position_embeddings: size.default(2048),
      rms_norm_eps: z.number().positive().default(1e-6),
      pad_token_id: token.nullish(),
      tie_word_embeddings: z.boolean().default(false),
      rope_theta: z.number().positive().default(10_000),
      rope_scaling: ropeScaling,
      attention_bias: z.boolean().default(false),
      mlp_bias: z.boolean().default(false),
      head_dim: size.nullish(),
      partial_rotary_factor: only(1, null),
    })
    .superRefine(trainedLengthAgrees)
    .superRefine(headsAreMade),
  renamed: (config) => withRopeParameters(config, { base: "rope_theta" }),
  block(config) {
    const { hidden_size: dim, num_attention_heads: heads, rope_theta: base } = config;
    const norm = { type: "RmsNorm", config: { epsilon: config.rms_norm_eps } };
    const rotation = { base, ...scalingFields(config.rope_scaling, config.max_position_embeddings) };
    const isSilu = config.hidden_act.type === "Silu";
    return {
      type: "FlamingoLanguageModel",
      config: {
        vocabulary: config.vocab_size,
        paddingToken: config.pad_token_id ?? undefined,
        dim,
        layers: config.num_hidden_layers,
        placement: "none",
        decoderLayer: {
          type: "DecoderLayer",
          config: {
            ...{ heads, headDim: config.head_dim ?? Math.floor(dim / heads), bias: config.attention_bias, norm },
            keyValueHeads: config.num_key_value_heads ?? undefined,
            attention: { type: "RotaryAttention", config: rotation },
            feedForward: {
              type: "SwiGluFeedForward",
              config: {
                ...{ inner: config.intermediate_size, bias: config.mlp_bias, norm },
                ...(isSilu ? {} : { activation: config.hidden_act }),
              },
            },
          },
        },
        norm,
        head: head(config.tie_word_embeddings),
      },
    };
  },
  weights({ num_hidden_layers, attention_bias, mlp_bias, tie_word_embeddings: tied }) {
    return [
      ...vocabularyMap("model.embed_tokens.weight", "lm_head.weight", tied),
      ...layerMaps(num_hidden_layers, (layer) => {
        const [theirs, ours] = [`model.layers.${layer}`, `layers.${layer}`];
        const [attention, mlp] = [{ bias: attention_bias }, { bias: mlp_bias }];
        return [
          ...module(`${theirs}.input_layernorm`, `${ours}.attn.norm`, { bias: false }),
          ...module(`${theirs}.self_attn.q_proj`, `${ours}.attn.to_q`, attention),
          ...module(`${theirs}.self_attn.k_proj`, `${ours}.attn.to_k`, attention),
          ...module(`${theirs}.self_attn.v_proj`, `${ours}.attn.to_v`, attention),
          ...module(`${theirs}.self_attn.o_proj`, `${ours}.attn.to_out`, attention),
          ...module(`${theirs}.post_attention_layernorm`, `${ours}.ff.0`, { bias: false }),
          ...module(`${theirs}.mlp.gate_proj`, `${ours}.ff.1`, mlp),
          ...module(`${theirs}.mlp.up_proj`, `${ours}.ff.up`, mlp),
          ...module(`${theirs}.mlp.down_proj`, `${ours}.ff.3`, mlp),
        ];
      }),
      ...module("model.norm", "norm", { bias: false }),
    ];
  },
});

/** Groups of query heads are alike, and each head can be rotated in pairs of channels. */
function headsAreMade(
  config: {
    hidden_size: number;
    num_attention_heads: number;
    num_key_value_heads?: number | null | undefined;
    head_dim?: number | null | undefined;
  },
  { addIssue }: z.core.$RefinementCtx,
): void {
  const { hidden_size: dim, num_attention_heads: heads, num_key_value_heads: groups } = config;
  const refuse = (field: string, message: string) => addIssue({ code: "custom", path: [field], message });
  if (groups && heads % groups !== 0) refuse("num_key_value_heads", `${groups} do not divide ${heads} heads`);
  const headDim = config.head_dim ?? Math.floor(dim / heads);
  if (headDim > 0 && headDim % 2 === 0) return;
  const field = config.head_dim ? "head_dim" : "num_attention_heads";
  refuse(field, `a head has ${headDim} channels, which are no pairs to rotate`);
}
