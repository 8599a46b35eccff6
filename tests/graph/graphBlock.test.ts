import { describe, expect, test } from "vitest";
import { GatedXattnDense } from "../../src/blocks/gatedXattnDense.ts";
import { makeCatalog } from "../../src/core/catalog.ts";
import { describeWeights } from "../../src/core/describeWeights.ts";
import { findBlock } from "../../src/core/registry.ts";
import { checkPipeline } from "../../src/graph/check.ts";
import { type GraphBlock, graphBlockSchema } from "../../src/graph/graph.ts";
import { catalogWith, graphBlock, withGraphBlocks } from "../../src/graph/graphBlock.ts";
import { trace } from "../../src/graph/trace.ts";
import { models } from "../../src/models/index.ts";
import { FlamingoLanguageModel } from "../../src/models/languageModel.ts";
import { type Pipeline, parsePipeline, readPipeline, writePipeline } from "../../src/pipeline/schema.ts";
import { refusalOf } from "../core/refusalOf.ts";

const catalog = makeCatalog(models);
const ports = { x: { shape: "...lead dim" } };
const out = { y: { shape: "...lead dim" } };

/** Two linear maps with a GELU between, as wide as the field `dim` says; the inner width is worked out of two fields. */
const mlp: GraphBlock = graphBlockSchema.parse({
  config: { dim: 8, mult: 2 },
  inputs: ports,
  outputs: out,
  nodes: {
    widen: { type: "Linear", config: { inDim: "$dim", outDim: "$dim*mult" } },
    gelu: { type: "Gelu" },
    narrow: { type: "Linear", config: { inDim: "$dim*mult", outDim: "$dim" }, frozen: true },
  },
  edges: [
    { from: ["inputs", "x"], to: ["widen", "x"] },
    { from: ["widen", "y"], to: ["gelu", "x"] },
    { from: ["gelu", "y"], to: ["narrow", "x"] },
    { from: ["narrow", "y"], to: ["outputs", "y"] },
  ],
});

/** A block around another one, by its name. */
function around(type: string, config: object = {}): GraphBlock {
  return graphBlockSchema.parse({
    inputs: { x: { shape: "...lead 8" } },
    outputs: { y: { shape: "...lead 8" } },
    nodes: { inner: { type, config } },
    edges: [
      { from: ["inputs", "x"], to: ["inner", "x"] },
      { from: ["inner", "y"], to: ["outputs", "y"] },
    ],
  });
}

/** A block that calls another one twice. */
function twice(type: string): GraphBlock {
  const once = around(type);
  return graphBlockSchema.parse({
    ...once,
    nodes: { ...once.nodes, again: { type } },
    edges: [
      { from: ["inputs", "x"], to: ["inner", "x"] },
      { from: ["inner", "y"], to: ["again", "x"] },
      { from: ["again", "y"], to: ["outputs", "y"] },
    ],
  });
}

function pipelineWith(blocks: Record<string, unknown>, nodes: Record<string, unknown> = {}): Pipeline {
  return parsePipeline({ format: "flamingo-pipeline", version: 2, name: "toy", nodes, edges: [], blocks }, "the test");
}

const namesAndShapes = (block: Parameters<typeof describeWeights>[0], config = {}, find = findBlock) =>
  describeWeights(block, config, { find }).map(({ name, shape, frozen }) => [name, shape, frozen]);

describe("a block that is a graph", () => {
  test("has the weights of its nodes under their ids, of the sizes that its fields say", () => {
    const block = graphBlock("Mlp", mlp, findBlock);
    expect(namesAndShapes(block)).toEqual([
      ["widen.weight", [16, 8], false],
      ["narrow.weight", [8, 16], true],
    ]);
    expect(namesAndShapes(block, { dim: 4, mult: 3 })[0]).toEqual(["widen.weight", [12, 4], false]);
  });

  test("is used by its name, nested to any depth, with its own configuration", () => {
    let blocks: Record<string, GraphBlock> = { Mlp: mlp };
    for (let depth = 0; depth < 6; depth++)
      blocks = { ...blocks, [`Outer${depth}`]: depth === 0 ? around("Mlp", { mult: 3 }) : around(`Outer${depth - 1}`) };
    const find = withGraphBlocks(blocks);
    const names = namesAndShapes(find("Outer5")!, {}, find);
    expect(names[0]).toEqual([`${"inner.".repeat(6)}widen.weight`, [24, 8], false]);
    expect(checkPipeline(pipelineWith(blocks), catalog)).toEqual([]);
  });

  test("fills a slot whose ports it has", () => {
    const pipeline = pipelineWith(
      { Mlp: mlp },
      { layer: { type: "EncoderLayer", config: { dim: 12, feedForward: { type: "Mlp", config: { mult: 5 } } } } },
    );
    expect(checkPipeline(pipeline, catalog).filter(({ code }) => code !== "MISSING_INPUT")).toEqual([]);
    const find = withGraphBlocks(pipeline.blocks);
    const names = namesAndShapes(find("EncoderLayer")!, pipeline.nodes.layer!.config, find);
    expect(names).toContainEqual(["ff.widen.weight", [60, 12], false]);
  });

  test.each(models.filter(({ kind }) => kind === "composite").map((block) => [block.name, block] as const))(
    "%s, opened and saved in a file, has its weights, frozen as they are",
    (_, block) => {
      const file = writePipeline(pipelineWith({ Opened: trace(block, block.example) }));
      const { blocks } = readPipeline(file, "the test");
      const byName = (a: unknown[], b: unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1);
      const opened = namesAndShapes(graphBlock("Opened", blocks.Opened!, findBlock)).sort(byName);
      expect(opened).toEqual(namesAndShapes(block, block.example).sort(byName));
      expect(checkPipeline({ nodes: {}, edges: [], blocks }, catalog)).toEqual([]);
    },
  );

  test("needs an input that a node in it needs, though the block that was opened could do without", () => {
    expect(GatedXattnDense.inputs.media.optional).toBe(true);
    expect(trace(GatedXattnDense, GatedXattnDense.example).inputs.media!.optional).toBe(false);
    expect(trace(FlamingoLanguageModel, FlamingoLanguageModel.example).inputs.media!.optional).toBe(true);
  });

  test("stands in the catalog with its fields and ports", () => {
    const entry = catalogWith(catalog, { Mlp: mlp }).Mlp!;
    expect(entry).toMatchObject({ kind: "composite", defaults: { dim: 8, mult: 2 } });
    expect(entry.inputs.x!.shape).toEqual(["...lead", "dim"]);
  });
});

describe("what is wrong with a pipeline's own blocks is told, with the block's name:", () => {
  const found = (blocks: Record<string, unknown>) => checkPipeline(pipelineWith(blocks), catalog);
  const without = (edge: number) => ({ ...mlp, edges: mlp.edges.filter((_, at) => at !== edge) });

  test.each([
    [
      "a block that contains itself",
      { A: around("B"), B: around("A") },
      "RECURSIVE_BLOCK",
      /"A" contains itself: A → B → A/,
    ],
    ["a name that the library has", { Linear: mlp }, "CONFLICT", /"Linear"/],
    ["an output without an edge", { Mlp: without(3) }, "MISSING_INPUT", /output "y" of the block is not connected/],
    ["an input without an edge", { Mlp: without(1) }, "MISSING_INPUT", /input "x" of "gelu" is not connected/],
    [
      "sizes that disagree",
      { Mlp: { ...mlp, inputs: { x: { shape: "...lead 9" } } } },
      "SHAPE_MISMATCH",
      /in the block "Mlp".*8.*9|9.*8/,
    ],
    [
      "a field that it does not have",
      { Mlp: around("Gelu", { of: "$mutl" }) },
      "INVALID_CONFIG",
      /"\$mutl" names a field "mutl"/,
    ],
    [
      "a name that every object has",
      { Mlp: around("Gelu", { of: "$constructor" }) },
      "INVALID_CONFIG",
      /"constructor"/,
    ],
    [
      "no arithmetic",
      { Mlp: { ...mlp, nodes: { ...mlp.nodes, widen: { type: "Linear", config: { inDim: "$dim*(" } } } } },
      "INVALID_CONFIG",
      /"\$dim\*\("/,
    ],
    [
      "more blocks within blocks than a model has",
      Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`B${at}`, twice(at === 0 ? "Gelu" : `B${at - 1}`)])),
      "INVALID_PIPELINE",
      /holds \d+ blocks/,
    ],
    [
      "too deep nesting",
      Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`B${at}`, around(at === 0 ? "Gelu" : `B${at - 1}`)])),
      "INVALID_PIPELINE",
      /levels deep/,
    ],
    ["an unknown block inside", { Mlp: around("Teleport") }, "UNKNOWN_BLOCK", /"Teleport"/],
    [
      "ids that would share names of weights",
      { Mlp: { ...mlp, nodes: { ...mlp.nodes, "widen.more": { type: "Gelu" } } } },
      "CONFLICT",
      /"widen\.more" and "widen"/,
    ],
  ])("%s", (_, blocks, code, message) => {
    const problems = found(blocks);
    expect(problems[0]).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(problems[0]!.inside).toBeDefined();
    expect(problems[0]!.fix).toMatch(/\S/);
  });

  test("making a recursive block is refused, not tried for ever", () => {
    const refusal = refusalOf(() => withGraphBlocks({ A: around("A") }));
    expect(refusal).toMatchObject({ code: "RECURSIVE_BLOCK", message: expect.stringContaining("A → A") });
  });
});

describe("a slot refuses", () => {
  const refused = (feedForward: object) => {
    const pipeline = pipelineWith({}, { layer: { type: "EncoderLayer", config: { dim: 8, feedForward } } });
    return checkPipeline(pipeline, catalog).find(({ code }) => code !== "MISSING_INPUT");
  };

  test("a block whose ports do not fit, and names those that do", () => {
    const problem = refused({ type: "Attention", config: {} })!;
    expect(problem).toMatchObject({ code: "SLOT_MISMATCH", node: "layer" });
    expect(problem.message).toMatch(/config\.feedForward of EncoderLayer: Attention does not fit: it has no input "x"/);
    expect(problem.fix).toMatch(/FeedForward.*SwiGluFeedForward|SwiGluFeedForward.*FeedForward/);
  });

  test("a block that does not exist", () => {
    expect(refused({ type: "Nothing" })).toMatchObject({ code: "UNKNOWN_BLOCK" });
  });

  test("a wrong field inside, with its place", () => {
    const problem = refused({ type: "FeedForward", config: { mult: 0 } })!;
    expect(problem).toMatchObject({ code: "INVALID_CONFIG" });
    expect(problem.message).toMatch(/config\.feedForward of EncoderLayer: config\.mult of FeedForward/);
  });

  test("a field that the block around gives", () => {
    expect(refused({ type: "FeedForward", config: { dim: 16 } })!.message).toMatch(/"dim"/);
  });
});
