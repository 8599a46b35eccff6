import { describe, expect, test } from "vitest";
import { describeWeights } from "../../src/core/describeWeights.ts";
import { Random } from "../../src/core/random.ts";
import { findBlock } from "../../src/core/registry.ts";
import type { SlotInput } from "../../src/core/slot.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import { add, div, sub, type Tensor, tensor, tidy } from "../../src/engine/tensor.ts";
import { modelOf } from "../../src/models/families/index.ts";
import { frozenNames } from "../../src/models/families/openFlamingo.ts";
import { theirShape } from "../../src/weights/nameMap.ts";
import { LiveBlock } from "../blocks/liveBlock.ts";
import { refusalOf } from "../core/refusalOf.ts";

const nfnet = { architectures: ["NormFreeNet"], depths: [1, 1, 1, 1], channels: [8, 8, 8, 8] };

describe("NFNet's configuration", () => {
  test.each([
    [{ stem_type: "7x7_pool" }, /stem_type: "7x7_pool" is not supported, only 3x3, 7x7, deep/],
    [{ attn_layer: "eca" }, /attn_layer: "eca" is not supported, only null or "" or "se"/],
    [{ attn_layer: "se", attn_kwargs: { add_maxpool: true } }, /attn_kwargs.add_maxpool: true is not supported/],
    [
      { attn_layer: "se", attn_kwargs: { gate_layer: "hard_sigmoid" } },
      /attn_kwargs.gate_layer: "hard_sigmoid" is not/,
    ],
    [{ attn_layer: "se", attn_kwargs: { norm_layer: "batchnorm2d" } }, /attn_kwargs.norm_layer/],
    [{ attn_layer: "se", attn_kwargs: { radix: 2 } }, /attn_kwargs\.radix is not supported, only rd_ratio, /],
    [{ act_layer: "celu" }, /act_layer: "celu" is not supported, only gelu, relu, silu, tanh/],
    [{ dilation: 2 }, /NFNet: dilation is not supported, only depths, /],
    [{ depths: [1, 1, 1] }, /depths is \[1,1,1\], expected array to have exactly 4 items$/],
    [{ depths: [1, 1, 1, 1e9] }, /depths\.3 is 1000000000, expected number to be <=100$/],
    [{ depths: undefined }, /depths is missing, expected array$/],
  ])("refuses %o by the field's name", (fields, reason) => {
    expect(refusalOf(() => modelOf({ ...nfnet, ...fields })).message).toMatch(reason);
  });

  test("where it leaves a field out has the library's default", () => {
    const { block } = modelOf(nfnet);
    expect(block.config).toMatchObject({
      ...{ stem: "3x3", finalConv: false, visualDim: 8, attention: null, skipInit: false, extraConv: false },
      ...{ activation: { type: "Silu" }, padding: "symmetric", activationGain: 1, groupSize: null },
    });
  });
});

describe("CLIP's configuration", () => {
  test.each([
    [{ num_channels: 1 }, /num_channels: 1 is not supported, only 3/],
    [{ hidden_act: "mish" }, /hidden_act: "mish" is not supported/],
    [{ num_attention_heads: 7 }, /num_attention_heads: the heads must divide hidden_size/],
  ])("refuses %o by the field's name", (fields, reason) => {
    expect(refusalOf(() => modelOf({ model_type: "clip_vision_model", ...fields })).message).toMatch(reason);
  });
});

const flamingo = {
  architectures: ["Flamingo"],
  vision: { image_size: 14, patch_size: 7, width: 8, layers: 1, head_width: 4, quick_gelu: true },
  lang: { model_type: "gpt2", vocab_size: 20, n_embd: 8, n_layer: 4, n_head: 2, n_positions: 9 },
  lang_vocab_size: 22,
  cross_attn_every_n_layers: 2,
  media_token_id: 21,
  eoc_token_id: 20,
};

describe("a model for images from -1 to 1", () => {
  test.each([
    [
      "CLIP",
      {
        model_type: "clip_vision_model",
        image_size: 14,
        patch_size: 7,
        hidden_size: 8,
        num_attention_heads: 2,
        num_hidden_layers: 1,
        intermediate_size: 8,
      },
    ],
    ["NFNet", nfnet],
  ])("%s gives what the model gives for the preprocessed images", async (name, config) => {
    await openDevice("cpu");
    const { block, family } = modelOf(config);
    const sized = { imageSize: 14, ...block.config };
    const images = tensor(new Random(1).uniforms(14 * 14 * 3, -1, 1), [1, 1, 1, 14, 14, 3]);
    const statistics = name === "CLIP" ? [[0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]] : [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]; // biome-ignore format: one line
    const [mean, spread] = statistics.map((each) => tensor(each));
    const preprocessed = tidy(() => div(sub(div(add(images, 1), 2), mean!), spread!));
    const weights = new Weights(1);
    const run = ({ type, config }: SlotInput, x: Tensor) =>
      tidy(
        () => Object.values(new LiveBlock(findBlock(type)!, { config: { ...config }, weights }).run({ images: x }))[0]!,
      );
    const plain = run({ type: block.type, config: sized }, preprocessed);
    const own = run(family.forImages!({ type: block.type, config: sized }), images);
    await expect(own).toBeAllclose(await plain.data(), { relative: 1e-4, absolute: 1e-5 });
  });

  test("of a whole Flamingo has CLIP's statistics before its encoder", () => {
    const { block, family } = modelOf(flamingo);
    const pixels = { type: "NormalizePixels", config: { statistics: "clip" } };
    expect(family.forImages!(block).config).toMatchObject({ visionEncoder: { config: { pixels } } });
  });
});

describe("OpenFlamingo's configuration", () => {
  test.each([
    [{ vision: { ...flamingo.vision, attentional_pool: true } }, /vision.attentional_pool: true is not supported/],
    [{ vision: { ...flamingo.vision, ls_init_value: 0.1 } }, /vision.ls_init_value: 0.1 is not supported/],
    [{ lang: { ...flamingo.lang, add_cross_attention: true } }, /lang\.add_cross_attention: true is not supported/],
    [{ lang: { model_type: "unheard" } }, /^lang of config\.json .* unknown family: model_type is "unheard"$/],
    [{ lang: { ...flamingo.lang, n_layer: "many" } }, /GPT-2: lang\.n_layer is "many", expected number$/],
    [{ lang: 3 }, /OpenFlamingo: lang is 3, expected object$/],
    [
      { vision: { ...flamingo.vision, head_width: 9 } },
      /vision\.head_width: heads of 9 channels do not divide a width of 8/,
    ],
    [{ lang_vocab_size: 19 }, /eoc_token_id is 20, but lang_vocab_size is 19/],
    [{ perceiver: { dim: 9 } }, /perceiver.dim is 9, but vision.width is 8/],
    [{ gated_cross_attn: { dim: 9 } }, /gated_cross_attn.dim is 9, but the width of the language model is 8/],
    [{ gated_cross_attn: { p_next: 0.5 } }, /gated_cross_attn\.p_next is not supported, only dim, /],
    [{ vision: { ...flamingo.vision, rotary: true } }, /vision\.rotary is not supported, only image_size, /],
  ])("refuses %o by the field's name", (fields, reason) => {
    expect(refusalOf(() => modelOf({ ...flamingo, ...fields })).message).toMatch(reason);
  });

  test("has the published sizes of resampler and gated layers where it leaves them out", () => {
    const { block } = modelOf(flamingo);
    const weights = new Map(
      describeWeights(findBlock(block.type)!, block.config ?? {}).map(({ name, shape }) => [name, shape]),
    );
    expect(weights.get("perceiver.latents")).toEqual([64, 8]);
    expect(weights.get("perceiver.layers.5.0.to_kv.weight")).toEqual([1024, 8]);
    expect(weights.get("lang_encoder.gated_cross_attn_layers.3.attn.to_q.weight")).toEqual([512, 8]);
    expect([...weights.keys()].filter((name) => name.endsWith("attn_gate"))).toHaveLength(2);
  });

  test.each([
    ["more rows than the language model has", 20, 23, { vocabulary: 20, newTokens: 3 }],
    ["fewer: the special tokens are the last", 40, 22, { vocabulary: 20, newTokens: 2 }],
    ["as many: the special tokens are the last", 22, 22, { vocabulary: 20, newTokens: 2 }],
    ["fewer, and special tokens that were there before", 40, 30, { vocabulary: 30, newTokens: 0 }],
  ])("resizes the embedding to %s", (_, own, rows, expected) => {
    const given = { ...flamingo, lang: { ...flamingo.lang, vocab_size: own }, lang_vocab_size: rows };
    const { block, weights } = modelOf(given);
    expect(block.config!.languageModel).toMatchObject({ config: expected });
    const shapes = new Map(
      describeWeights(findBlock(block.type)!, block.config ?? {}).map(({ name, shape }) => [name, shape]),
    );
    const table = weights.find(({ theirs }) => theirs === "lang_encoder.transformer.wte.weight")!;
    expect(
      theirShape(
        table,
        table.ours.map((name) => shapes.get(name)!),
      ),
    ).toEqual([rows, 8]);
  });

  test("trains the resampler, the gated layers and the rows of the special tokens, and nothing else", () => {
    const { block } = modelOf(flamingo);
    const weights = describeWeights(findBlock(block.type)!, block.config ?? {});
    const learnt = weights.filter(({ frozen }) => !frozen).map(({ name }) => name);
    const isNew = /^(perceiver\.|lang_encoder\.(gated_cross_attn_layers\.|embed_tokens\.new_tokens$))/;
    expect(learnt.filter((name) => !isNew.test(name))).toEqual([]);
    expect(weights.filter(({ name }) => isNew.test(name)).every(({ frozen }) => !frozen)).toBe(true);
  });

  test("names every weight once, complete or with the frozen parts apart", () => {
    const { block, weights: complete } = modelOf(flamingo);
    const all = describeWeights(findBlock(block.type)!, block.config ?? {}).map(({ name }) => name);
    expect(complete.flatMap(({ ours }) => ours).sort()).toEqual([...all].sort());
    const { vision, language } = frozenNames(flamingo);
    const apart = new Set([...vision, ...language].flatMap(({ ours }) => ours));
    const rest = all.filter((name) => !apart.has(name));
    expect(rest.filter((name) => !/^perceiver\.|gated_cross_attn_layers|new_tokens$/.test(name))).toEqual([]);
  });
});
