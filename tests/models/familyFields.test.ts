import { expect, test } from "vitest";
import { families } from "../../src/models/families/index.ts";

/**
 * Every field of the configurations of transformers 4.46.3, and what becomes of it: the family reads it, or refuses values that it does
 * not support; or it changes no logits of a model in inference, which the lists here claim, field by field, of the library's code.
 */
const everyModel = {
  of: "PretrainedConfig",
  read: ["tie_word_embeddings", "pruned_heads", "add_cross_attention", "pad_token_id"],
  unaffecting: [
    ...["_attn_implementation_autoset", "_name_or_path", "architectures", "bos_token_id", "eos_token_id", "model_type"],
    ...["chunk_size_feed_forward", "cross_attention_hidden_size", "decoder_start_token_id", "finetuning_task"], // other models read them
    ...["id2label", "label2id", "problem_type", "task_specific_params", "tokenizer_class", "transformers_version"],
    ...["is_decoder", "tie_encoder_decoder", "torchscript", "torch_dtype", "use_bfloat16", "tf_legacy_loss", "prefix"],
    ...["output_attentions", "output_hidden_states", "output_scores", "return_dict", "return_dict_in_generate"],
    // How its own generation begins where it is told nothing; here a call says it.
    ...["bad_words_ids", "begin_suppress_tokens", "diversity_penalty", "do_sample", "early_stopping"],
    ...[
      "encoder_no_repeat_ngram_size",
      "exponential_decay_length_penalty",
      "forced_bos_token_id",
      "forced_eos_token_id",
    ],
    ...["length_penalty", "max_length", "min_length", "no_repeat_ngram_size", "num_beam_groups", "num_beams"],
    ...["num_return_sequences", "remove_invalid_values", "repetition_penalty", "sep_token_id", "suppress_tokens"],
    ...["temperature", "top_k", "top_p", "typical_p"],
  ],
  refused: ["is_encoder_decoder"],
};

const models: Record<string, { fields: string[]; unaffecting: string[] }> = {
  gpt2: {
    fields: [
      ...["activation_function", "attn_pdrop", "embd_pdrop", "initializer_range", "layer_norm_epsilon", "n_embd"],
      ...["n_head", "n_inner", "n_layer", "n_positions", "reorder_and_upcast_attn", "resid_pdrop"],
      ...["scale_attn_by_inverse_layer_idx", "scale_attn_weights", "summary_activation", "summary_first_dropout"],
      ...["summary_proj_to_labels", "summary_type", "summary_use_proj", "use_cache", "vocab_size"],
    ],
    unaffecting: [
      ...["attn_pdrop", "embd_pdrop", "initializer_range", "resid_pdrop", "use_cache"],
      "reorder_and_upcast_attn", // single precision already
      // Of the model with a head for choices, which is another class.
      ...["summary_activation", "summary_first_dropout", "summary_proj_to_labels", "summary_type", "summary_use_proj"],
    ],
  },
  opt: {
    fields: [
      ...["_remove_final_layer_norm", "activation_function", "attention_dropout", "do_layer_norm_before", "dropout"],
      ...["enable_bias", "ffn_dim", "hidden_size", "init_std", "layer_norm_elementwise_affine", "layerdrop"],
      ...["max_position_embeddings", "num_attention_heads", "num_hidden_layers", "use_cache", "vocab_size"],
      "word_embed_proj_dim",
    ],
    unaffecting: ["attention_dropout", "dropout", "init_std", "layerdrop", "use_cache"],
  },
  gpt_neox: {
    fields: [
      ...["attention_bias", "attention_dropout", "classifier_dropout", "hidden_act", "hidden_dropout", "hidden_size"],
      ...["initializer_range", "intermediate_size", "layer_norm_eps", "max_position_embeddings", "num_attention_heads"],
      ...["num_hidden_layers", "partial_rotary_factor", "rope_scaling", "rope_theta", "rotary_emb_base", "rotary_pct"],
      ...["use_cache", "use_parallel_residual", "vocab_size"],
    ],
    unaffecting: [
      ...["attention_dropout", "classifier_dropout", "hidden_dropout", "initializer_range", "use_cache"],
      ...["partial_rotary_factor", "rope_theta"], // set from rotary_pct and rotary_emb_base, whatever a file says
    ],
  },
  mpt: {
    fields: [
      ...["attn_config", "d_model", "emb_pdrop", "embedding_fraction", "expansion_ratio", "init_device"],
      ...["initializer_range", "layer_norm_epsilon", "learned_pos_emb", "logit_scale", "max_seq_len", "n_heads"],
      ...["n_layers", "no_bias", "norm_type", "resid_pdrop", "use_cache", "verbose", "vocab_size"],
    ],
    unaffecting: [
      ...["emb_pdrop", "init_device", "initializer_range", "resid_pdrop", "use_cache", "verbose"],
      // The library's class reads none of these: its feed-forward is four times as wide, it has no positions and no biases.
      ...["embedding_fraction", "expansion_ratio", "learned_pos_emb", "logit_scale", "no_bias", "norm_type"],
    ],
  },
  llama: {
    fields: [
      ...["attention_bias", "attention_dropout", "head_dim", "hidden_act", "hidden_size", "initializer_range"],
      ...["intermediate_size", "max_position_embeddings", "mlp_bias", "num_attention_heads", "num_hidden_layers"],
      ...["num_key_value_heads", "pretraining_tp", "rms_norm_eps", "rope_scaling", "rope_theta", "use_cache"],
      "vocab_size",
    ],
    unaffecting: [
      ...["attention_dropout", "initializer_range", "use_cache"],
      "pretraining_tp", // divides products and adds the parts up
    ],
  },
  clip_vision_model: {
    fields: [
      ...["attention_dropout", "hidden_act", "hidden_size", "image_size", "initializer_factor", "initializer_range"],
      ...["intermediate_size", "layer_norm_eps", "num_attention_heads", "num_channels", "num_hidden_layers"],
      ...["patch_size", "projection_dim"],
    ],
    unaffecting: [
      ...["attention_dropout", "initializer_factor", "initializer_range"],
      "projection_dim", // of the class with the projection, which is another
    ],
  },
};

test.each(Object.entries(models))(
  "%s: every field of the library is read, refused, or changes nothing",
  (type, model) => {
    const family = families.find(({ modelType }) => modelType === type)!;
    const read = Object.keys(family.config.shape);
    for (const field of model.fields) expect([...read, ...model.unaffecting], `${field} is ignored`).toContain(field);
    for (const field of model.unaffecting) expect(read, `${field} changes nothing, and is read`).not.toContain(field);
    const known = [...model.fields, ...everyModel.read, "partial_rotary_factor"];
    for (const field of read) expect(known, `the library has no ${field}`).toContain(field);
  },
);

test("the lists of fields of any model have none twice", () => {
  const all = [...everyModel.read, ...everyModel.unaffecting, ...everyModel.refused];
  expect(new Set(all).size).toBe(all.length);
});
