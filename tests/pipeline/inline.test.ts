import { describe, expect, test } from "vitest";
import { describeStarts, describeWeights } from "../../src/core/describeWeights.ts";
import { findBlock } from "../../src/core/registry.ts";
import { catalog } from "../../src/execution/registry.ts";
import { checkPipeline } from "../../src/graph/check.ts";
import { optionsOf } from "../../src/graph/graph.ts";
import { withGraphBlocks } from "../../src/graph/graphBlock.ts";
import { compile } from "../../src/pipeline/compile.ts";
import { inlined } from "../../src/pipeline/inline.ts";
import { type Pipeline, parsePipeline } from "../../src/pipeline/schema.ts";

const attention = { heads: 2, headDim: 4 };
const languageModel = {
  type: "FlamingoLanguageModel",
  config: {
    ...{ vocabulary: 3320, newTokens: 2, imageToken: 3320, dim: 8, layers: 2 },
    decoderLayer: { type: "DecoderLayer", config: attention },
    fusionLayer: { type: "GatedXattnDense", config: attention },
  },
  weights: "emoji-language",
};
const flamingo = {
  imageSize: 16,
  visualDim: 16,
  visionEncoder: { type: "ConvEncoder", weights: "emoji-vision" },
  resampler: { type: "PerceiverResampler", config: { depth: 1, latents: 2, ...attention } },
  languageModel,
};

/** A pipeline with one model between documents and loss. */
function pipelineOf(model: object, blocks: object = {}): Pipeline {
  const wires = [
    "documents.images > model.images, documents.ids > model.ids, model.logits > loss.logits",
    "documents.targets > loss.targets, loss.loss > train.loss",
  ];
  const edges = wires.flatMap((line) =>
    line.split(", ").map((wire) => {
      const [from, to] = wire.split(" > ").map((end) => end.split("."));
      return { from, to };
    }),
  );
  const nodes = {
    documents: { type: "EmojiDocuments", config: { batch: 2, imageSize: 16 } },
    model,
    loss: { type: "NextTokenLoss" },
    train: { type: "Train" },
  };
  return parsePipeline({ format: "flamingo-pipeline", version: 2, name: "One", nodes, edges, blocks }, "the test");
}

/** A block of the pipeline around a Flamingo, whose weights are a group of their own. */
const around = {
  inputs: { images: { shape: "batch media frames 16 16 3" }, ids: { shape: "batch length", dtype: "int32" } },
  outputs: { logits: { shape: "batch length tokens" } },
  nodes: { all: { type: "Flamingo", config: flamingo } },
  edges: [
    { from: ["inputs", "images"], to: ["all", "images"] },
    { from: ["inputs", "ids"], to: ["all", "ids"] },
    { from: ["all", "logits"], to: ["outputs", "logits"] },
  ],
  group: "pretrained",
};

const one = pipelineOf({ type: "Flamingo", config: flamingo });
const nested = pipelineOf({ type: "Mine", frozen: "pretrained" }, { Mine: around });

describe("a plan with blocks inlined", () => {
  test.each([
    ["a Flamingo", one, "model"],
    ["a block around one", nested, "model.all"],
  ])("computes what processes images apart from the text: %s", (_, pipeline, path) => {
    expect(checkPipeline(pipeline, catalog)).toEqual([]);
    const plan = compile(pipeline, catalog);
    const { nodes, edges } = inlined(plan, withGraphBlocks(plan.blocks, findBlock));
    const parts = ["vision_encoder", "perceiver", "lang_encoder"].map((part) => `${path}.${part}`);
    expect(Object.keys(nodes)).toEqual(["documents", ...parts, "loss", "train"]);
    expect(edges.map(({ from, to }) => `${from.join(".")} > ${to.join(".")}`).sort()).toEqual(
      [
        ...[`documents.images > ${parts[0]}.images`, `${parts[0]}.features > ${parts[1]}.features`],
        ...[`${parts[1]}.media > ${parts[2]}.media`, `documents.ids > ${parts[2]}.ids`],
        ...[`${parts[2]}.logits > loss.logits`, "documents.targets > loss.targets", "loss.loss > train.loss"],
      ].sort(),
    );
  });

  test.each([
    ["a Flamingo", one],
    ["a block around one", nested],
  ])("has the weights of the whole, frozen and grouped as they are there: %s", (_, pipeline) => {
    const plan = compile(pipeline, catalog);
    const find = withGraphBlocks(plan.blocks, findBlock);
    const whole = plan.nodes.model!;
    const expected = describeWeights(find(whole.type)!, whole.config, { ...optionsOf(whole), path: "model", find });
    expect(expected.some(({ frozen }) => frozen) && expected.some(({ frozen }) => !frozen)).toBe(true);
    const parts = Object.values(inlined(plan, find).nodes).filter(({ id }) => id.startsWith("model."));
    const weights = parts.flatMap((node) =>
      describeWeights(find(node.type)!, node.config, { ...optionsOf(node), path: node.id, around: node.around, find }),
    );
    expect(weights).toEqual(expected);
  });

  test("is the plan itself where nothing is gained", () => {
    const plan = compile(
      pipelineOf(
        { type: "Words" },
        {
          Words: {
            ...around,
            nodes: { language: { type: "FlamingoLanguageModel", config: { ...languageModel.config, visualDim: 16 } } },
            edges: [
              { from: ["inputs", "ids"], to: ["language", "ids"] },
              { from: ["language", "logits"], to: ["outputs", "logits"] },
            ],
          },
        },
      ),
      catalog,
    );
    expect(inlined(plan, withGraphBlocks(plan.blocks, findBlock))).toBe(plan);
  });
});

test("blocks in slots start from the weights that the slots name, at their own places", () => {
  const { type, config } = one.nodes.model!;
  expect(describeStarts(findBlock(type)!, config, { path: "model" })).toEqual([
    { path: "model.vision_encoder", type: "ConvEncoder", weights: "emoji-vision" },
    { path: "model.lang_encoder", type: "FlamingoLanguageModel", weights: "emoji-language" },
  ]);
  const odd = pipelineOf({
    type: "Flamingo",
    config: { ...flamingo, visionEncoder: { type: "ConvEncoder", weights: "../x" } },
  });
  expect(checkPipeline(odd, catalog)[0]).toMatchObject({ code: "INVALID_CONFIG", node: "model" });
});

describe("an input that is optional in general", () => {
  const layer = {
    inputs: {
      text: { shape: "batch length dim" },
      media: { shape: "batch media latents visualDim" },
      locations: { shape: "batch length", dtype: "int32" },
    },
    outputs: { text: { shape: "batch length dim" } },
    config: { dim: 8, visualDim: 16 },
    nodes: {
      attn: { type: "MaskedCrossAttention", config: { dim: "$dim", visualDim: "$visualDim", ...attention } },
      add: { type: "Add" },
    },
    edges: [
      ...["text", "media", "locations"].map((port) => ({ from: ["inputs", port], to: ["attn", port] })),
      { from: ["inputs", "text"], to: ["add", "a"] },
      { from: ["attn", "update"], to: ["add", "b"] },
      { from: ["add", "sum"], to: ["outputs", "text"] },
    ],
  };
  const config = { ...languageModel.config, fusionLayer: { type: "Layer" } };

  test("must be connected where a block in a slot cannot do without it", () => {
    const pipeline = pipelineOf(
      { type: "Flamingo", config: { ...flamingo, languageModel: { ...languageModel, config } } },
      { Layer: layer },
    );
    expect(checkPipeline(pipeline, catalog)).toEqual([]);
    const alone = { type: "FlamingoLanguageModel", config: { ...config, visualDim: 16 } };
    const { edges, ...rest } = pipelineOf(alone, { Layer: layer });
    const wordsOnly = { ...rest, edges: edges.filter(({ to }) => to[1] !== "images") };
    expect(checkPipeline(wordsOnly, catalog)).toMatchObject([
      {
        code: "MISSING_INPUT",
        node: "model",
        port: "media",
        message: expect.stringContaining(`a block inside "model" needs it`),
      },
    ]);
    const { fusionLayer: _, ...plain } = alone.config;
    expect(
      checkPipeline(
        { ...wordsOnly, nodes: { ...rest.nodes, model: { ...alone, config: plain } } } as Pipeline,
        catalog,
      ),
    ).toEqual([]);
  });
});
