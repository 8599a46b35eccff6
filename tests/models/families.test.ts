import { expect, test } from "vitest";
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
  ["activation_function", "mish", 'activation_function: the activation "mish" is not supported, only gelu,'],
  ["n_layer", 2 ** 31, "n_layer: Too big: expected number to be <=2000"],
  ["n_layer", "many", "n_layer: Invalid input: expected number, received string"],
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
  [{ model_type: "llama", rope_scaling: { rope_type: "llama3", factor: 8 } }, "rope_scaling.low_freq_factor: "],
  [{ model_type: "gpt_neox", hidden_act: "mish" }, 'hidden_act: the activation "mish" is not supported'],
  [{ model_type: "opt", num_attention_heads: 7 }, "num_attention_heads: 7 heads do not divide a width of 768"],
  [{ model_type: "mpt", attn_config: { clip_qkv: "often" } }, "attn_config.clip_qkv: "],
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
  expect(refusalOf(() => modelOf({ model_type: "t5" })).message).toContain("unknown family: t5");
  expect(refusalOf(() => modelOf({})).message).toContain("neither model_type nor architectures");
});
