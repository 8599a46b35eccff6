import { z } from "zod";
import type { SlotInput } from "../../core/slot.ts";
import type { NameMap } from "../../weights/nameMap.ts";
import { activation } from "./activation.ts";
import { defineFamily, heads, layers, module, only, size } from "./family.ts";

/** The sizes of a CLIP image encoder, whichever library names them. */
export interface ClipTower {
  imageSize: number;
  patchSize: number;
  width: number;
  layers: number;
  heads: number;
  /** Channels inside the feed-forward. */
  inner: number;
  activation: SlotInput;
  epsilon: number;
}

/** The configuration that `ClipVision` and `VisionTransformer` share for a CLIP image encoder. */
export function clipFields({ imageSize, patchSize, width, layers, heads, inner, activation, epsilon }: ClipTower) {
  const norm = { type: "LayerNorm", config: { epsilon } };
  const feedForward = { type: "FeedForward", config: { inner, bias: true, norm, activation } };
  return {
    ...{ imageSize, patchSize, visualDim: width, depth: layers, patchBias: false },
    layer: { type: "EncoderLayer", config: { heads, headDim: width / heads, bias: true, norm, feedForward } },
    ...{ preNorm: norm, norm },
  };
}

/** An encoder behind the pixel statistics that it was trained with. */
export function withPixels({ type, config }: SlotInput, statistics: "clip" | "imagenet"): SlotInput {
  return { type, config: { ...config, pixels: { type: "NormalizePixels", config: { statistics } } } };
}

/**
 * A CLIP image encoder for images of another side: its position embeddings are interpolated, as Hugging Face's
 * `interpolate_pos_encoding` does.
 */
export function withImageSize(
  { type, config = {} }: SlotInput,
  imageSize: number,
  learnt = config.imageSize,
): SlotInput {
  if (imageSize === learnt) return { type, config };
  const grid = Math.floor((learnt as number) / (config.patchSize as number));
  const positions = { type: "InterpolatedPositions", config: { grid } };
  return { type, config: { ...config, ...(config.imageSize === undefined ? {} : { imageSize }), positions } };
}

/** A CLIP image encoder's patches as OpenFlamingo takes them: before the last normalisation, and without the class token. */
export function clipPatches(tower: ClipTower): SlotInput {
  const config = { ...clipFields(tower), classToken: true, normalise: false, project: false };
  return { type: "VisionTransformer", config };
}

const fields = z
  .object({
    hidden_size: size.default(768),
    intermediate_size: size.default(3072),
    num_hidden_layers: layers.default(12),
    num_attention_heads: heads.default(12),
    num_channels: only(3),
    image_size: size.default(224),
    patch_size: size.default(32),
    hidden_act: activation("quick_gelu"),
    layer_norm_eps: z.number().positive().default(1e-5),
  })
  .refine((fields) => fields.hidden_size % fields.num_attention_heads === 0, {
    message: "the heads must divide hidden_size",
    path: ["num_attention_heads"],
  });

type Fields = z.output<typeof fields>;

const projection = {
  part: "the projection to the space that images and texts share",
  names: /^visual_projection\.weight$/,
};

const common = {
  source: "transformers 4.46.3",
  prefix: "vision_model.",
  ignored: /\.embeddings\.position_ids$/,
  forImages: (block: SlotInput) => withPixels(block, "clip"),
  forImageSize: withImageSize,
};

/**
 * CLIP's image encoder: patches without a bias, a class token, a normalisation before the layers, quick GELU.
 *
 * @see Radford et al. 2021, CLIP, arXiv:2103.00020
 */
export const clipVision = defineFamily({
  ...common,
  name: "CLIP's image encoder",
  modelType: "clip_vision_model",
  architecture: "CLIPVisionModel",
  alsoClasses: ["CLIPVisionModelWithProjection"],
  leftOut: [projection],
  exported: (config) => ({ ...config, architectures: ["CLIPVisionModel"] }),
  config: fields,
  block,
  weights,
});

/** A whole CLIP, of which the image encoder is taken. */
export const clip = defineFamily({
  ...common,
  name: "CLIP",
  modelType: "clip",
  architecture: "CLIPModel",
  leftOut: [{ part: "the text encoder", names: /^(text_model\.|text_projection\.weight$|logit_scale$)/ }, projection],
  config: z.object({ vision_config: fields }),
  exported: (config) => ({
    ...(visionConfig(config) as object),
    ...{ model_type: "clip_vision_model", architectures: ["CLIPVisionModel"] },
  }),
  renamed: (config) => ({ ...config, vision_config: visionConfig(config) }),
  block: ({ vision_config }) => block(vision_config),
  weights: ({ vision_config }) => weights(vision_config),
});

/** `vision_config_dict` is an older name of the field, which holds where both are given. */
function visionConfig({ vision_config_dict: older, vision_config: given }: Readonly<Record<string, unknown>>): unknown {
  return older ?? given ?? {};
}

function block(fields: Fields): SlotInput {
  return {
    type: "ClipVision",
    config: clipFields({
      imageSize: fields.image_size,
      patchSize: fields.patch_size,
      width: fields.hidden_size,
      layers: fields.num_hidden_layers,
      heads: fields.num_attention_heads,
      inner: fields.intermediate_size,
      activation: fields.hidden_act,
      epsilon: fields.layer_norm_eps,
    }),
  };
}

function weights({ num_hidden_layers: layers }: Fields): NameMap {
  const embeddings = "vision_model.embeddings";
  return [
    { theirs: `${embeddings}.class_embedding`, ours: ["class_token"] },
    { theirs: `${embeddings}.patch_embedding.weight`, ours: ["patches.weight"] },
    { theirs: `${embeddings}.position_embedding.weight`, ours: ["positions"] },
    ...module("vision_model.pre_layrnorm", "pre_norm"), // so it is spelt
    ...Array.from({ length: layers }, (_, layer) => layerMap(layer)).flat(),
    ...module("vision_model.post_layernorm", "norm"),
  ];
}

function layerMap(layer: number): NameMap {
  const [theirs, ours] = [`vision_model.encoder.layers.${layer}`, `layers.${layer}`];
  return [
    ...module(`${theirs}.layer_norm1`, `${ours}.attn.norm`),
    ...module(`${theirs}.self_attn.q_proj`, `${ours}.attn.to_q`),
    ...module(`${theirs}.self_attn.k_proj`, `${ours}.attn.to_k`),
    ...module(`${theirs}.self_attn.v_proj`, `${ours}.attn.to_v`),
    ...module(`${theirs}.self_attn.out_proj`, `${ours}.attn.to_out`),
    ...module(`${theirs}.layer_norm2`, `${ours}.ff.0`),
    ...module(`${theirs}.mlp.fc1`, `${ours}.ff.1`),
    ...module(`${theirs}.mlp.fc2`, `${ours}.ff.3`),
  ];
}

/** open_clip's names of the weights of a CLIP image encoder, and ours; `prefix` is `visual` in a file of open_clip. */
export function openClipNames(prefix: string, layers: number): NameMap {
  return [
    { theirs: `${prefix}.class_embedding`, ours: ["class_token"] },
    { theirs: `${prefix}.conv1.weight`, ours: ["patches.weight"] },
    { theirs: `${prefix}.positional_embedding`, ours: ["positions"] },
    ...module(`${prefix}.ln_pre`, "pre_norm"),
    ...Array.from({ length: layers }, (_, layer) => openClipLayer(prefix, layer)).flat(),
  ];
}

function openClipLayer(prefix: string, layer: number): NameMap {
  const [theirs, ours] = [`${prefix}.transformer.resblocks.${layer}`, `layers.${layer}`];
  const projections = ["q", "k", "v"].map((each) => `${ours}.attn.to_${each}`);
  return [
    ...module(`${theirs}.ln_1`, `${ours}.attn.norm`),
    { theirs: `${theirs}.attn.in_proj_weight`, ours: projections.map((each) => `${each}.weight`) },
    { theirs: `${theirs}.attn.in_proj_bias`, ours: projections.map((each) => `${each}.bias`) },
    ...module(`${theirs}.attn.out_proj`, `${ours}.attn.to_out`),
    ...module(`${theirs}.ln_2`, `${ours}.ff.0`),
    ...module(`${theirs}.mlp.c_fc`, `${ours}.ff.1`),
    ...module(`${theirs}.mlp.c_proj`, `${ours}.ff.3`),
  ];
}
