import { z } from "zod";
import { FlamingoError } from "../../core/errors.ts";
import type { SlotInput } from "../../core/slot.ts";
import type { WeightData } from "../../core/weight.ts";
import type { Counterpart, NameMap } from "../../weights/nameMap.ts";
import { type ClipTower, clipPatches, openClipNames, withImageSize, withPixels } from "./clip.ts";
import { defineFamily, type FamilyModel, heads, layers, modelAmong, noted, only, readFields, size } from "./family.ts";
import { languageModels } from "./languageModels.ts";

const fields = z.strictObject({
  /** The CLIP image encoder, in open_clip's terms. */
  vision: z
    .strictObject({
      image_size: size.default(224),
      patch_size: size.default(16),
      width: size.default(768),
      layers: layers.default(12),
      head_width: size.default(64),
      mlp_ratio: z.number().positive().default(4),
      quick_gelu: z.boolean().default(false),
      embed_dim: size.optional(),
      patch_dropout: only(0),
      ls_init_value: only(null),
      global_average_pool: only(false),
      attentional_pool: only(false),
      input_patchnorm: only(false),
      timm_model_name: only(null),
      /** Of the attentional pool, which is off. */
      n_queries: size.optional(),
      attn_pooler_heads: size.optional(),
    })
    .superRefine(({ width, head_width }, { addIssue }) => {
      const count = Math.floor(width / head_width);
      if (count > 0 && width % count === 0) return;
      const message = `heads of ${head_width} channels do not divide a width of ${width}`;
      addIssue({ code: "custom", path: ["head_width"], message });
    }),
  /** The language model's config.json, without the special tokens. */
  lang: z.looseObject({}),
  /** Tokens with the special ones. */
  lang_vocab_size: size,
  perceiver: z
    .strictObject({
      dim: size.optional(),
      depth: layers.default(6),
      dim_head: size.default(64),
      heads: heads.default(8),
      num_latents: size.default(64),
      max_num_media: size.nullish(),
      max_num_frames: size.nullish(),
      ff_mult: size.default(4),
    })
    .prefault({}),
  gated_cross_attn: z
    .strictObject({
      dim: size.optional(),
      dim_visual: size.optional(),
      dim_head: size.default(64),
      heads: heads.default(8),
      ff_mult: size.default(4),
      only_attend_immediate_media: z.boolean().default(true),
    })
    .prefault({}),
  cross_attn_every_n_layers: layers.default(1),
  media_token_id: z.int().nonnegative(),
  eoc_token_id: z.int().nonnegative(),
  pad_token_id: z.int().nonnegative().nullish(),
  ...noted,
});

type Fields = z.output<typeof fields>;

/** The form of a config.json of OpenFlamingo, for those who have a checkpoint without one; the README has a whole one. */
export const openFlamingoForm =
  '{"architectures": ["Flamingo"], "vision": {"image_size": 224, "patch_size": 14, "width": 1024, "layers": 24, "quick_gelu": true}, ' +
  '"lang": (the config.json of the language model), "lang_vocab_size": (rows of its embedding, special tokens included), ' +
  '"cross_attn_every_n_layers": 1, "media_token_id": (id of <image>), "eoc_token_id": (id of <|endofchunk|>)}';

/**
 * Whole OpenFlamingo models: a CLIP image encoder, the Perceiver Resampler, and a language model of one of the other families with gated
 * layers before every nth of its layers.
 *
 * The complete state dict names most tensors of the language model twice; `frozenNames` are those of the parts that OpenFlamingo's own
 * checkpoints leave out.
 *
 * @see OpenFlamingo 2.0.1; Awadalla et al. 2023, arXiv:2308.01390
 */
export const openFlamingo = defineFamily({
  name: "OpenFlamingo",
  source: "open_flamingo 2.0.1",
  modelType: "open_flamingo",
  architecture: "Flamingo",
  // CLIP's vector of the whole image, which Flamingo does not take.
  ignored: /^vision_encoder\.(ln_post\.(weight|bias)|proj)$/,
  config: fields,
  forImages: ({ type, config }) => ({
    type,
    config: { ...config, visionEncoder: withPixels(config!.visionEncoder as SlotInput, "clip") },
  }),
  forImageSize: ({ type, config }, imageSize) => ({
    type,
    config: {
      ...config,
      imageSize,
      visionEncoder: withImageSize(config!.visionEncoder as SlotInput, imageSize, config!.imageSize),
    },
  }),
  block: flamingo,
  weights: completeNames,
});

function flamingo(config: Fields): SlotInput {
  const { vision, perceiver, gated_cross_attn: gated } = config;
  const language = languageOf(config);
  const { vocabulary, newTokens } = rowsOf(config, language);
  const { dim } = language.block.config as { dim: number };
  requireWidth("perceiver.dim", perceiver.dim, "vision.width", vision.width);
  requireWidth("gated_cross_attn.dim_visual", gated.dim_visual, "vision.width", vision.width);
  requireWidth("gated_cross_attn.dim", gated.dim, "the width of the language model", dim);
  const attention = { heads: gated.heads, headDim: gated.dim_head };
  return {
    type: "Flamingo",
    config: {
      imageSize: vision.image_size,
      visualDim: vision.width,
      visionEncoder: within(clipPatches(towerOf(vision)), ["imageSize", "visualDim"]),
      resampler: {
        type: "PerceiverResampler",
        config: {
          depth: perceiver.depth,
          latents: perceiver.num_latents,
          heads: perceiver.heads,
          headDim: perceiver.dim_head,
          feedForward: { type: "FeedForward", config: { mult: perceiver.ff_mult } },
          ...(perceiver.max_num_media ? { maxMedia: perceiver.max_num_media } : {}),
          ...(perceiver.max_num_frames ? { maxFrames: perceiver.max_num_frames } : {}),
        },
      },
      languageModel: {
        type: language.block.type,
        config: {
          ...asJson(language.block.config),
          ...{ vocabulary, newTokens },
          imageToken: config.media_token_id,
          fusionLayer: {
            type: "GatedXattnDense",
            config: {
              ...attention,
              feedForward: { type: "FeedForward", config: { mult: gated.ff_mult } },
              attend: gated.only_attend_immediate_media ? "immediate" : "allPrevious",
              padded: true,
            },
          },
          every: config.cross_attn_every_n_layers,
          placement: "last",
        },
      },
    },
  };
}

function languageOf({ lang }: Fields): FamilyModel {
  return modelAmong(languageModels, lang, "lang");
}

/** The tokens that OpenFlamingo adds: `<|endofchunk|>`, `<image>`, and one for padding where the tokenizer has none. */
const mostSpecial = 3;

/**
 * How many rows the embedding has of the language model's own tokens, and how many of new ones. OpenFlamingo resizes it to the tokens of
 * the tokenizer and the special ones: MPT's and RedPajama's have more rows than their tokenizer has tokens, and become smaller. Then the
 * special tokens are the last rows.
 */
function rowsOf(config: Fields, { block }: FamilyModel): { vocabulary: number; newTokens: number } {
  const { lang_vocab_size: rows, eoc_token_id, media_token_id } = config;
  for (const [field, id] of Object.entries({ eoc_token_id, media_token_id }))
    if (id >= rows)
      throw new FlamingoError("INVALID_CONFIG", `${field} is ${id}, but lang_vocab_size is ${rows}`, {
        expected: rows,
        actual: id,
        fix: "set lang_vocab_size to the number of rows of the embedding, the special tokens included",
      });
  const { vocabulary } = block.config as { vocabulary: number };
  if (rows > vocabulary) return { vocabulary, newTokens: rows - vocabulary };
  const newTokens = rows - Math.min(eoc_token_id, media_token_id);
  return newTokens <= mostSpecial ? { vocabulary: rows - newTokens, newTokens } : { vocabulary: rows, newTokens: 0 };
}

/** @throws FlamingoError INVALID_CONFIG if a width is given twice, and not the same */
function requireWidth(field: string, actual: number | undefined, other: string, expected: number): void {
  if (actual === undefined || actual === expected) return;
  throw new FlamingoError("INVALID_CONFIG", `${field} is ${actual}, but ${other} is ${expected}`, {
    expected,
    actual,
    fix: `leave ${field} out, or set both alike`,
  });
}

function towerOf(vision: Fields["vision"]): ClipTower {
  return {
    imageSize: vision.image_size,
    patchSize: vision.patch_size,
    width: vision.width,
    layers: vision.layers,
    heads: Math.floor(vision.width / vision.head_width),
    inner: Math.floor(vision.width * vision.mlp_ratio),
    activation: { type: vision.quick_gelu ? "QuickGelu" : "Gelu" },
    epsilon: 1e-5,
  };
}

/** Plain data, as a slot takes it: fields that are undefined are left out. */
function asJson(config: Record<string, unknown> = {}): Record<string, unknown> {
  return JSON.parse(JSON.stringify(config));
}

/** A slot's filling without the fields that the block around it gives. */
function within({ type, config }: SlotInput, given: readonly string[]): SlotInput {
  return { type, config: Object.fromEntries(Object.entries(config ?? {}).filter(([field]) => !given.includes(field))) };
}

/** The complete state dict's names. */
function completeNames(config: Fields): NameMap {
  const language = languageOf(config);
  return [
    ...below("vision_encoder", openClipNames("vision_encoder", config.vision.layers)),
    ...same(resamplerNames(config)),
    ...gatedNames(config, layersOf(language)),
    ...languageNames(language, layersOf(language), rowsOf(config, language).newTokens > 0),
  ];
}

/** What OpenFlamingo's checkpoints hold: what is trained, and the language model's embeddings and output layer with the special tokens. */
export function checkpointNames(config: unknown): NameMap {
  const isStored = /^(perceiver\.|lang_encoder\.(gated_cross_attn_layers\.|embed_tokens\.|embed_positions$|logits\.))/;
  return completeNames(readFields(openFlamingo, config) as Fields).filter(({ ours }) => isStored.test(ours[0]!));
}

/** What OpenFlamingo's checkpoints leave out, by the names of the libraries that it is from. */
export function frozenNames(config: unknown): { vision: NameMap; language: NameMap } {
  const parsed = readFields(openFlamingo, config) as Fields;
  return {
    vision: below("vision_encoder", openClipNames("visual", parsed.vision.layers)),
    language: below(
      "lang_encoder",
      languageOf(parsed).weights.map((each) => (isTable(each.ours[0]!) ? { ...each, cut: true } : each)),
    ),
  };
}

/** Names of what a file of open_clip holds beside the image encoder that Flamingo takes. */
export const ignoredOfOpenClip =
  /^(visual\.(ln_post\.(weight|bias)|proj)$|transformer\.|token_embedding|positional_embedding|text_projection|ln_final|logit_scale)/;

function below(path: string, names: NameMap): NameMap {
  return names.map((each) => ({ ...each, ours: each.ours.map((name) => `${path}.${name}`) }));
}

function same(names: readonly string[]): NameMap {
  return names.map((name) => ({ theirs: name, ours: [name] }));
}

const feedForwardNames = ["0.weight", "0.bias", "1.weight", "3.weight"];

function resamplerNames({ perceiver }: Fields): string[] {
  const layer = [
    ...["norm_media", "norm_latents"].flatMap((norm) => [`0.${norm}.weight`, `0.${norm}.bias`]),
    ...["to_q", "to_kv", "to_out"].map((matrix) => `0.${matrix}.weight`),
    ...feedForwardNames.map((name) => `1.${name}`),
  ];
  return [
    "perceiver.latents",
    ...(perceiver.max_num_frames ? ["perceiver.frame_embs"] : []),
    ...(perceiver.max_num_media ? ["perceiver.media_time_embs"] : []),
    ...Array.from({ length: perceiver.depth }, (_, at) => layer.map((name) => `perceiver.layers.${at}.${name}`)).flat(),
    "perceiver.norm.weight",
    "perceiver.norm.bias",
  ];
}

const gatedLayer = [
  ...["attn.norm.weight", "attn.norm.bias", "attn.to_q.weight", "attn.to_kv.weight", "attn.to_out.weight"],
  ...["attn_gate", "ff_gate", ...feedForwardNames.map((name) => `ff.${name}`)],
];

/** Gated layers: under the language model's own layers, and once more beside them. */
function gatedNames({ cross_attn_every_n_layers: every }: Fields, { list, count }: Layers): NameMap {
  const places = Array.from({ length: count }, (_, at) => at).filter((at) => (at + 1) % every === 0);
  return places.flatMap((at) =>
    gatedLayer.map((name) => {
      const beside = `lang_encoder.gated_cross_attn_layers.${at}.${name}`;
      return { theirs: `lang_encoder.${list}.${at}.gated_cross_attn_layer.${name}`, aliases: [beside], ours: [beside] };
    }),
  );
}

/** The language model's names inside of Flamingo: its layers stand beside the gated ones, and once more under their old place. */
function languageNames({ weights }: FamilyModel, { list }: Layers, hasNewTokens: boolean): NameMap {
  const rename = (name: string): [string, string?] => {
    if (!name.startsWith(`${list}.`)) return [`lang_encoder.${name}`];
    const [at, ...rest] = name.slice(list.length + 1).split(".");
    const path = rest.join(".");
    return [`lang_encoder.${list}.${at}.decoder_layer.${path}`, `lang_encoder.old_decoder_blocks.${at}.${path}`];
  };
  return below(
    "lang_encoder",
    weights.map((each): Counterpart => {
      const [[theirs, old], aliases] = [rename(each.theirs), (each.aliases ?? []).flatMap(rename)];
      const all = [...(old ? [old] : []), ...aliases.filter((name) => name !== undefined)];
      const ours = hasNewTokens ? each.ours.flatMap(withNewRows) : each.ours;
      return { ...each, theirs, ours, ...(all.length > 0 ? { aliases: all } : {}) };
    }),
  );
}

/** The rows of the special tokens come after those of the language model's own. */
function withNewRows(ours: string): string[] {
  return isTable(ours) ? [ours, ours.replace(/weight$/, "new_tokens")] : [ours];
}

/** The output layer's rows: of the language model's own tokens, and of the special ones. */
const outputRows = { own: "lang_encoder.logits.weight", added: "lang_encoder.logits.new_tokens" };

/**
 * The output layer's rows of the special tokens where no file has them: OpenFlamingo does not train an output layer that is not tied, so its
 * checkpoints leave it out, and the language model's own file has no such rows. They are the mean of the others, so that no such token is
 * likelier than the rest.
 */
export function missingOutputRows(
  weights: ReadonlyMap<string, WeightData>,
  ours: readonly { name: string; shape: readonly number[] }[],
): [name: string, rows: WeightData] | undefined {
  const added = ours.find(({ name }) => name === outputRows.added);
  const own = weights.get(outputRows.own);
  if (!added || !own || weights.has(added.name)) return undefined;
  return [
    added.name,
    {
      shape: added.shape,
      get data() {
        return repeatedMean(own, added.shape[0]!);
      },
    },
  ];
}

/** The mean of a matrix' rows, so many times. */
function repeatedMean({ shape, data }: WeightData, times: number): Float32Array {
  const [rows, columns] = shape as [number, number];
  const sums = new Float64Array(columns);
  for (let at = 0; at < data.length; at++) sums[at % columns]! += data[at]!;
  return Float32Array.from({ length: times * columns }, (_, at) => sums[at % columns]! / rows);
}

/** Whether a weight of the language model has a row for each token. */
function isTable(ours: string): boolean {
  return ours === "embed_tokens.weight" || ours === "logits.weight";
}

interface Layers {
  /** The attribute that holds the language model's layers, such as `model.decoder.layers`. */
  list: string;
  count: number;
}

/** Where the language model keeps its layers, as its name map has it. */
function layersOf({ family, block, weights }: FamilyModel): Layers {
  const { layers } = block.config as { layers: number };
  const first = weights.find(({ ours }) => ours[0]!.startsWith("layers.0."));
  const list = first && /^(.*?)\.0\./.exec(first.theirs)?.[1];
  if (list === undefined) throw new Error(`the names of ${family.name} tell no list of layers`);
  return { list, count: layers };
}
