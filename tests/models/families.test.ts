import { describe, expect, test } from "vitest";
import { modelOf } from "../../src/models/families/index.ts";
import { refusalOf } from "../core/refusalOf.ts";

const gpt2 = { model_type: "gpt2", architectures: ["GPT2LMHeadModel"] };

test("a config.json that says nothing else has the library's defaults", () => {
  const { block } = modelOf(gpt2);
  expect(block).toMatchObject({
    type: "FlamingoLanguageModel",
    config: { vocabulary: 50_257, dim: 768, layers: 12, head: { type: "Logits" } },
  });
});

test.each([
  ["add_cross_attention", true, "add_cross_attention: true is not supported, only false"],
  ["pruned_heads", { 0: [1] }, 'pruned_heads: {"0":[1]} is not supported, only {} or null'],
  ["activation_function", "mish", 'activation_function: "mish" is not supported, only gelu,'],
  ["n_layer", 2 ** 31, "n_layer is 2147483648, expected number to be <=500"],
  ["n_layer", "many", 'n_layer is "many", expected number'],
])("%s = %j is refused by name", (field, value, message) => {
  const refusal = refusalOf(() => modelOf({ ...gpt2, [field]: value }));
  expect(refusal.code).toBe("INVALID_CONFIG");
  expect(refusal.message).toContain(`config.json of GPT-2: ${message}`);
});

test.each([
  [
    { model_type: "llama", rope_scaling: { type: "longrope", factor: 2 } },
    'rope_scaling.rope_type: "longrope" is not supported',
  ],
  [
    { model_type: "llama", rope_scaling: { rope_type: "llama3", factor: 8 } },
    "rope_scaling.low_freq_factor is missing, expected number",
  ],
  [{ model_type: "gpt_neox", hidden_act: "mish" }, 'hidden_act: "mish" is not supported'],
  [{ model_type: "opt", num_attention_heads: 7 }, "num_attention_heads: 7 heads do not divide a width of 768"],
  [{ model_type: "mpt", attn_config: { clip_qkv: "often" } }, 'attn_config.clip_qkv is "often", expected number'],
  [
    { model_type: "gpt_neox", hidden_size: 16, num_attention_heads: 4 },
    "rotary_pct: 0.25 rotates 1 channels of a head",
  ],
  [{ model_type: "llama", partial_rotary_factor: 0.5 }, "partial_rotary_factor: 0.5 is not supported, only 1 or null"],
  [
    { model_type: "llama", rope_parameters: { rope_type: "default", partial_rotary_factor: 0.5 } },
    "partial_rotary_factor: 0.5 is not supported",
  ],
  [
    { model_type: "llama", rope_scaling: { rope_type: "linear", type: "dynamic", factor: 2 } },
    'rope_scaling.type: "dynamic" is not the rope_type "linear"',
  ],
  [
    { model_type: "llama", rope_scaling: { rope_type: "linear", factor: 2, finetuned: true } },
    "LLaMA: rope_scaling.finetuned is not supported",
  ],
  ...["mscale", "mscale_all_dim"].map((field): [Record<string, unknown>, string] => [
    { model_type: "llama", rope_scaling: { rope_type: "yarn", factor: 2, [field]: 0.7 } },
    `rope_scaling.${field}: 0.7 is not supported, only null or 0`,
  ]),
  ...["yarn", "dynamic"].map((kind): [Record<string, unknown>, string] => [
    { model_type: "gpt_neox", rope_scaling: { type: kind, factor: 2, original_max_position_embeddings: 1024 } },
    "rope_scaling.original_max_position_embeddings: 1024 is not supported, only max_position_embeddings, which is 2048",
  ]),
  [{ model_type: "llama", num_key_value_heads: 3 }, "LLaMA: num_key_value_heads: 3 do not divide 32 heads"],
  [{ model_type: "llama", head_dim: 5 }, "LLaMA: head_dim: a head has 5 channels, which are no pairs to rotate"],
  [{ model_type: "llama", hidden_size: 16 }, "num_attention_heads: a head has 0 channels"],
  [{ model_type: "llama", pad_token_id: -1 }, "LLaMA: pad_token_id is -1, expected number to be >=0"],
  [{ model_type: "gpt2", n_head: 4000, n_embd: 4000 }, "GPT-2: n_head is 4000, expected number to be <=2000"],
  [{ model_type: "gpt2", n_embd: 2 ** 40 }, "GPT-2: n_embd is 1099511627776, expected number to be <=1000000000"],
  [{ model_type: "llama", rope_scaling: "linear" }, 'LLaMA: rope_scaling is "linear", expected record'],
  [
    { model_type: "clip", vision_config: { hidden_size: 0 } },
    "config.json of CLIP: vision_config.hidden_size is 0, expected number to be >0",
  ],
  [
    { model_type: "RefinedWebModel", architectures: ["RWForCausalLM"], auto_map: {} },
    'architectures is ["RWForCausalLM"], a class of the model\'s own code, which is not run',
  ],
  [
    { model_type: "opt", quantization_config: { bits: 4 } },
    'quantization_config: {"bits":4} is not supported, only null',
  ],
])("%j is refused by name", (config, message) => {
  expect(refusalOf(() => modelOf(config)).message).toContain(message);
});

test("fields that change no result may have any value", () => {
  expect(modelOf({ ...gpt2, resid_pdrop: 0.5, initializer_range: 3, a_note: "of mine" })).toEqual(modelOf(gpt2));
});

test("MPT has no table of positions: max_seq_len changes nothing", () => {
  const of = (length: number) => modelOf({ model_type: "mpt", max_seq_len: length });
  expect(of(4)).toEqual(of(65_536));
});

test("what transformers 5 says of rotation in one field is read as what it said before in several", () => {
  const parameters = { rope_type: "linear", factor: 2, rope_theta: 700 };
  expect(modelOf({ model_type: "llama", rope_parameters: parameters })).toEqual(
    modelOf({ model_type: "llama", rope_theta: 700, rope_scaling: { type: "linear", factor: 2 } }),
  );
  const share = { rope_type: "default", rope_theta: 700, partial_rotary_factor: 0.5 };
  expect(modelOf({ model_type: "gpt_neox", rope_parameters: share })).toEqual(
    modelOf({ model_type: "gpt_neox", rotary_emb_base: 700, rotary_pct: 0.5 }),
  );
});

test("a family that is not known is named", () => {
  expect(refusalOf(() => modelOf({ model_type: "t5" })).message).toContain('unknown family: model_type is "t5"');
  expect(refusalOf(() => modelOf({})).message).toContain("neither model_type nor architectures");
});

test("a length that yarn may say twice changes nothing where both say the same", () => {
  const of = (fields: object) =>
    modelOf({ model_type: "llama", rope_scaling: { rope_type: "yarn", factor: 4, ...fields } });
  expect(of({ original_max_position_embeddings: 2048, mscale: null, truncate: true })).toEqual(of({}));
});

describe("MPT as its makers published it", () => {
  const published = {
    ...{ architectures: ["MPTForCausalLM"], model_type: "mpt", auto_map: {}, d_model: 16, n_heads: 2, n_layers: 1 },
    attn_config: { alibi: true, alibi_bias_max: 8, attn_impl: "torch", attn_type: "multihead_attention", qk_ln: false },
    ...{ expansion_ratio: 4, learned_pos_emb: true, logit_scale: null, no_bias: true, verbose: 0 },
    norm_type: "low_precision_layernorm",
  };
  test("is the library's MPT", () => {
    const { block, weights } = modelOf({ ...published, architectures: ["MptForCausalLM"] });
    expect(modelOf(published)).toMatchObject({ block, weights });
  });

  test.each([
    [{ attn_config: { ...published.attn_config, alibi: false } }, "attn_config.alibi is false, expected true"],
    [{ attn_config: undefined }, "attn_config is missing, expected object"],
    [{ attn_config: { alibi: true, qk_ln: true } }, "attn_config.qk_ln: true is not supported, only false"],
    [{ no_bias: false }, "no_bias is false, expected true"],
    [{ expansion_ratio: 2 }, "expansion_ratio: 2 is not supported, only 4"],
    [{ logit_scale: "inv_sqrt_d_model" }, 'logit_scale: "inv_sqrt_d_model" is not supported'],
  ])("%j is refused by name: the library's class would not read it", (fields, message) => {
    expect(refusalOf(() => modelOf({ ...published, ...fields })).message).toContain(message);
  });
});
