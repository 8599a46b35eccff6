import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { SlotValue } from "../../src/core/block.ts";
import { parseConfig } from "../../src/core/config.ts";
import { findBlock } from "../../src/core/registry.ts";
import { readNumbers } from "../../src/engine/readings/weights.ts";
import { prepareRun } from "../../src/execution/prepare.ts";
import type { GraphBlock } from "../../src/graph/graph.ts";
import { trace } from "../../src/graph/trace.ts";
import { Flamingo } from "../../src/models/flamingo.ts";
import { models } from "../../src/models/index.ts";
import { type Pipeline, parsePipeline, readPipeline, writePipeline } from "../../src/pipeline/schema.ts";
import { readRun } from "../../src/runs/folder.ts";
import { readTemplate } from "../../src/runs/templates.ts";
import { carryOut, newestOf, newRun, quietly, shortTemplate, stepsOf, valuesOf } from "./smallRun.ts";

const template = shortTemplate(await readTemplate("emoji-captions"));

/** The template as it was: encoder, resampler and language model are nodes of their own. */
const inParts = readPipeline(
  readFileSync(new URL("../fixtures/pipelines/emoji-captions-in-parts.json", import.meta.url), "utf8"),
  "the fixture",
);

/** Where the weights of the three nodes are in one Flamingo: how weights begin depends on their names. */
const places: Record<string, string> = {
  encoder: "flamingo.vision_encoder",
  resampler: "flamingo.perceiver",
  language: "flamingo.lang_encoder",
};

function renamed(pipeline: Pipeline): Pipeline {
  const name = (id: string) => places[id] ?? id;
  const nodes = Object.entries(pipeline.nodes).map(([id, node]) => [name(id), node]);
  const edges = pipeline.edges.map(({ from, to }) => ({
    from: [name(from[0]), from[1]] as [string, string],
    to: [name(to[0]), to[1]] as [string, string],
  }));
  return { ...pipeline, nodes: Object.fromEntries(nodes), edges };
}

/** A busy machine may need minutes for what takes seconds. */
const patience = { timeout: 900_000 };

/** The template's Flamingo with blocks of the pipeline, one of which is its language model. */
function withLanguageModel(type: string, blocks: Record<string, GraphBlock>): Pipeline {
  const flamingo = template.nodes.flamingo!;
  const { weights } = flamingo.config.languageModel as unknown as SlotValue;
  const config = { ...flamingo.config, languageModel: { type, config: {}, weights: weights! } };
  return { ...template, nodes: { ...template.nodes, flamingo: { ...flamingo, config } }, blocks };
}

/** The inside of the template's language model, which gets no mask there. Flamingo gives it the width of the visual tokens, so that is a field of it. */
function openedLanguageModel(): GraphBlock {
  const { languageModel, visualDim } = parseConfig(Flamingo, template.nodes.flamingo!.config);
  const { type, config } = languageModel as unknown as SlotValue;
  const graph = trace(findBlock(type)!, { ...config, visualDim }, { ports: ["ids", "media"] });
  const media = { ...graph.inputs.media!, shape: "batch media latents visualDim" };
  return { ...graph, config: { visualDim }, inputs: { ...graph.inputs, media } };
}

/** What a file of it holds. */
const saved = (pipeline: Pipeline) => readPipeline(writePipeline(pipeline), "the test");

/** The language model as a graph whose first gated layer is a graph too, with its attention gate taken out. */
function withoutGate(): Pipeline {
  const language = openedLanguageModel();
  const id = "gated_cross_attn_layers.0";
  const layer = language.nodes[id]!;
  const gated = trace(findBlock(layer.type)!, layer.config);
  const { attn_gate: gate, ...nodes } = gated.nodes;
  expect(gate!.type).toBe("TanhGate");
  const ungated: GraphBlock = {
    ...gated,
    nodes: { ...nodes, add: { type: "Add", config: {} } },
    edges: gated.edges.map(({ from, to }) => ({
      from: from[0] === "attn_gate" ? ["add", "sum"] : from,
      to: to[0] === "attn_gate" ? ["add", to[1] === "x" ? "a" : "b"] : to,
    })),
  };
  const inner = { ...language.nodes, [id]: { ...layer, type: "Ungated0", config: {} } };
  const blocks = { MyLanguage: { ...language, nodes: inner }, Ungated0: ungated };
  return parsePipeline(withLanguageModel("MyLanguage", blocks), "the test");
}

async function train(pipeline: Pipeline, device: "cpu" | "wasm") {
  const { folder, outcome, records, error } = await carryOut(await newRun(pipeline), { device });
  expect(error).toBeUndefined();
  expect(outcome).toBe("succeeded");
  const [known] = valuesOf(records, "gates").flatMap(({ value }) => (Array.isArray(value) ? [] : [value.gates]));
  return { steps: stepsOf(records), checkpoint: await newestOf(folder), gates: known! };
}

describe.each(["cpu", "wasm"] as const)("the template's pipeline for 20 steps on %s", (device) => {
  let block: Awaited<ReturnType<typeof train>>;
  beforeAll(async () => {
    block = await train(template, device);
    expect(block.steps).toHaveLength(20);
    expect(block.steps[0]!.gates).toHaveLength(8);
    expect(block.gates[0]).toMatchObject({
      node: "flamingo",
      path: ["lang_encoder", "gated_cross_attn_layers.0", "attn_gate"],
    });
  }, patience.timeout);

  test("has the bits of encoder, resampler and language model as nodes of their own", patience, async () => {
    const parts = await train(shortTemplate(renamed(inParts)), device);
    expect(block.steps).toEqual(parts.steps);
    expect([...block.checkpoint.weights.keys()]).toEqual([...parts.checkpoint.weights.keys()]);
    expect(block.checkpoint.weights).toEqual(parts.checkpoint.weights);
    expect(block.checkpoint.moments).toEqual(parts.checkpoint.moments);
  });

  test("has the bits of its language model opened and saved as a graph", patience, async () => {
    expect(models.map(({ name }) => name)).not.toContain("MyLanguage");
    const graph = await train(saved(withLanguageModel("MyLanguage", { MyLanguage: openedLanguageModel() })), device);
    expect(graph.steps).toEqual(block.steps);
    expect([...graph.checkpoint.weights.keys()]).toEqual([...block.checkpoint.weights.keys()]);
    expect(graph.checkpoint.weights).toEqual(block.checkpoint.weights);
    expect(graph.checkpoint.moments).toEqual(block.checkpoint.moments);
  });

  test("trains with one gate taken out, and takes over all other weights", patience, async () => {
    const pipeline = saved(withoutGate());
    const changed = await train(pipeline, device);
    const gate = "flamingo.lang_encoder.gated_cross_attn_layers.0.attn_gate";
    const names = ({ checkpoint }: typeof block) => [...checkpoint.weights.keys()].sort();
    expect(names(changed)).toEqual(names(block).filter((name) => name !== gate));
    expect(changed.steps[0]!.gates).toHaveLength(7);
    expect(changed.steps[0]!.loss).not.toBe(block.steps[0]!.loss);
    const mean = (steps: typeof block.steps) => steps.reduce((sum, { loss }) => sum + loss, 0) / steps.length;
    expect(mean(changed.steps.slice(-5))).toBeLessThan(mean(changed.steps.slice(0, 5)));

    const { model } = await prepareRun(await readRun(await newRun(pipeline)), quietly(device));
    const { missing, unused } = model.weights.load(block.checkpoint.weights, "", "the checkpoint");
    expect(unused).toEqual([gate]);
    expect(missing.filter((name) => !model.weights.get(name)!.frozen)).toEqual([]);
    for (const weight of model.weights.trainable())
      expect(await readNumbers(weight), weight.name).toEqual(block.checkpoint.weights.get(weight.name));
    model.weights.dispose();
  });
});
