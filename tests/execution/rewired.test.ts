import { describe, expect, test } from "vitest";
import { findBlock } from "../../src/core/block.ts";
import type { GraphBlock } from "../../src/graph/graph.ts";
import { trace } from "../../src/graph/trace.ts";
import { models } from "../../src/models/index.ts";
import { type Pipeline, parsePipeline, readPipeline, writePipeline } from "../../src/pipeline/schema.ts";
import { carryOut, newestOf, newRun, smallPipeline, stepsOf } from "./smallRun.ts";

const small = smallPipeline({
  without: ["samples", "evaluate"],
  config: { train: { steps: 20, checkpointEvery: 20 } },
});

/** The inside of a node's block as a block of the pipeline, and the node of that type. */
function opened(pipeline: Pipeline, id: string, name: string): Pipeline {
  const node = pipeline.nodes[id]!;
  const graph = trace(findBlock(node.type)!, node.config);
  const nodes = { ...pipeline.nodes, [id]: { ...node, type: name, config: {} } };
  return { ...pipeline, nodes, blocks: { ...pipeline.blocks, [name]: graph } };
}

/** What a file of it holds. */
const saved = (pipeline: Pipeline) => readPipeline(writePipeline(pipeline), "the test");

async function train(pipeline: Pipeline, device: "cpu" | "wasm") {
  const { folder, outcome, records, error } = await carryOut(await newRun(pipeline), { device });
  expect(error).toBeUndefined();
  expect(outcome).toBe("succeeded");
  return { steps: stepsOf(records), checkpoint: await newestOf(folder) };
}

/** The language model as a graph whose first gated layer is a graph too, with its attention gate taken out. */
function withoutGate(): Pipeline {
  const pipeline = opened(small, "language", "MyLanguage");
  const language = pipeline.blocks.MyLanguage!;
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
  return parsePipeline(
    {
      ...pipeline,
      blocks: {
        MyLanguage: { ...language, nodes: { ...language.nodes, [id]: { ...layer, type: "Ungated0", config: {} } } },
        Ungated0: ungated,
      },
    },
    "the test",
  );
}

describe.each(["cpu", "wasm"] as const)("a language model that was opened and saved as a graph, on %s", (device) => {
  test("trains for 20 steps with the bits of the block itself, under the same names of weights", async () => {
    expect(models.map(({ name }) => name)).not.toContain("MyLanguage");
    const block = await train(small, device);
    const graph = await train(saved(opened(small, "language", "MyLanguage")), device);
    expect(graph.steps).toHaveLength(20);
    expect(graph.steps).toEqual(block.steps);
    expect([...graph.checkpoint.weights.keys()]).toEqual([...block.checkpoint.weights.keys()]);
    expect(graph.checkpoint.weights).toEqual(block.checkpoint.weights);
    expect(graph.checkpoint.moments).toEqual(block.checkpoint.moments);
  });

  test("trains with one gate taken out, and has the names of all other weights", async () => {
    const whole = await train(small, device);
    const changed = await train(saved(withoutGate()), device);
    const gate = "language.gated_cross_attn_layers.0.attn_gate";
    const names = (checkpoint: typeof whole.checkpoint) => [...checkpoint.weights.keys()].sort();
    expect(names(changed.checkpoint)).toEqual(names(whole.checkpoint).filter((name) => name !== gate));
    expect(changed.steps[0]!.gates).toHaveLength(whole.steps[0]!.gates.length - 1);
    expect(changed.steps.at(-1)!.loss).toBeLessThan(changed.steps[0]!.loss);
    expect(changed.steps[0]!.loss).not.toBe(whole.steps[0]!.loss);
  });
});
