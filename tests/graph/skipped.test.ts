import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeCatalog } from "../../src/core/catalog.ts";
import { describeWeights } from "../../src/core/describeWeights.ts";
import { findBlock } from "../../src/core/registry.ts";
import { checkPipeline } from "../../src/graph/check.ts";
import { type GraphBlock, graphBlockSchema } from "../../src/graph/graph.ts";
import { graphBlock } from "../../src/graph/graphBlock.ts";
import { withoutSkipped } from "../../src/graph/skipped.ts";
import { trace } from "../../src/graph/trace.ts";
import { models } from "../../src/models/index.ts";
import { compile } from "../../src/pipeline/compile.ts";
import { previewPlan } from "../../src/pipeline/planPreview.ts";
import { type Pipeline, readPipeline, writePipeline } from "../../src/pipeline/schema.ts";
import { pipelineOf, toyCatalog, whole, wire } from "../pipeline/toyCatalog.ts";

type Skip = "bypass" | "mute";

const skipping = (pipeline: Pipeline, skips: Record<string, Skip>): Pipeline => ({
  ...pipeline,
  nodes: Object.fromEntries(
    Object.entries(pipeline.nodes).map(([id, node]) => [id, skips[id] ? { ...node, skip: skips[id] } : node]),
  ),
});

const active = (pipeline: Pipeline) => withoutSkipped(pipeline, (type) => toyCatalog[type]);
const problems = (pipeline: Pipeline) => checkPipeline(pipeline, toyCatalog).map(({ message }) => message);

/** A chain of two layers of the same size between a source and what looks at it. */
const chain = pipelineOf(
  {
    pictures: "Pictures",
    embed: "Embed",
    first: ["Widen", { inDim: 8, outDim: 8 }],
    second: ["Widen", { inDim: 8, outDim: 8 }],
    look: "Look",
  },
  ["pictures.ids > embed.ids", "embed.x > first.x", "first.y > second.x", "second.y > look.x"],
);

describe("a bypassed node", () => {
  test("is left out, and what came in goes on, through several too", () => {
    expect(active(skipping(chain, { first: "bypass" })).graph.edges.map(({ from, to }) => [from[0], to[0]])).toEqual([
      ["pictures", "embed"],
      ["embed", "second"],
      ["second", "look"],
    ]);
    const both = skipping(chain, { first: "bypass", second: "bypass" });
    expect(problems(both)).toEqual([]);
    const plan = compile(both, toyCatalog);
    expect(Object.keys(plan.nodes)).toEqual(["pictures", "embed", "look"]);
    expect(plan.edges).toContainEqual(wire("embed.x > look.x"));
  });

  test("takes the first connected input of the output's type and shape", () => {
    const sum = pipelineOf({ pictures: "Pictures", embed: "Embed", sum: "Sum", look: "Look" }, [
      "pictures.ids > embed.ids",
      "embed.x > sum.b",
      "sum.sum > look.x",
    ]);
    expect(active(skipping(sum, { sum: "bypass" })).graph.edges).toContainEqual(wire("embed.x > look.x"));
  });

  test("without such an input is a problem that names it", () => {
    const wider = skipping(
      { ...chain, nodes: { ...chain.nodes, second: { type: "Widen", config: { inDim: 8, outDim: 16 } } } },
      { second: "bypass" },
    );
    expect(problems(wider)[0]).toContain('"second" cannot be bypassed');
    expect(() => compile(wider, toyCatalog)).toThrow("cannot be bypassed");
  });
});

describe("a muted node", () => {
  test("is left out with its edges; an optional input is then not given", () => {
    const plan = compile(skipping(whole, { encode: "mute" }), toyCatalog);
    expect(Object.keys(plan.nodes)).toEqual(["pictures", "embed", "read", "train"]);
    expect(plan.edges.some(({ to }) => to.join(".") === "read.media")).toBe(false);
  });

  test("that something needs is named where it is missed", () => {
    expect(problems(skipping(whole, { read: "mute" }))).toEqual([
      'input "loss" of "train" is not connected: "read", which is connected to it, is left out of what is computed',
    ]);
  });

  test("is not checked: neither its fields, nor its wires, nor its block", () => {
    const broken = {
      ...chain,
      nodes: { ...chain.nodes, odd: { type: "NoSuchBlock", config: {} } },
      edges: [...chain.edges, wire("first.y > odd.x")],
    };
    expect(problems(broken)).toHaveLength(1);
    expect(problems(skipping(broken, { odd: "mute" }))).toEqual([]);
  });
});

test("the edge of a problem is that of the whole graph", () => {
  const clash = {
    ...chain,
    nodes: {
      ...chain.nodes,
      look: { type: "Widen", config: { inDim: 9, outDim: 9 } },
      seen: { type: "Look", config: {} },
    },
    edges: chain.edges.map((edge) => (edge.to[0] === "look" ? wire("second.y > look.x") : edge)),
  };
  const before = checkPipeline(clash, toyCatalog).map(({ edge }) => edge);
  expect(before).toContain(3);
  expect(checkPipeline(skipping(clash, { first: "bypass" }), toyCatalog).map(({ edge }) => edge)).toContain(3);
});

test("the plan says why a node does not run, and what it changes", () => {
  const earlier = { id: "one", pipeline: chain, seed: 0, steps: 10, succeeded: true };
  const plan = previewPlan(skipping(chain, { second: "bypass" }), toyCatalog, { seed: 0 }, earlier);
  expect(Object.fromEntries(plan.map(({ node, verdict, why }) => [node, `${verdict}: ${why}`]))).toMatchObject({
    first: "cached: run one has it",
    second: "unused: it is bypassed",
    look: "runs: other wires lead to it",
  });
});

test("any choice of skipped nodes survives the file, leaves no edge to a node that is gone, and none twice", () => {
  const skips = fc.dictionary(fc.constantFrom(...Object.keys(whole.nodes)), fc.constantFrom<Skip>("bypass", "mute"));
  fc.assert(
    fc.property(skips, (chosen) => {
      const pipeline = skipping(whole, chosen);
      expect(readPipeline(writePipeline(pipeline), "file")).toEqual(pipeline);
      const { graph, origins } = active(pipeline);
      for (const { from, to } of graph.edges)
        for (const [id] of [from, to]) expect(Object.keys(graph.nodes)).toContain(id);
      expect(Object.keys(graph.nodes).some((id) => id in chosen)).toBe(false);
      expect(new Set(origins).size).toBe(graph.edges.length);
      for (const [index, origin] of origins.entries())
        expect(graph.edges[index]!.to).toEqual(pipeline.edges[origin]!.to);
    }),
  );
});

test("a block that is a graph has no weights of what it skips, and computes what it would without it", () => {
  const library = makeCatalog(models);
  const block = (skip?: Skip): GraphBlock =>
    graphBlockSchema.parse({
      inputs: { x: { shape: "...lead 8" } },
      outputs: { y: { shape: "...lead 8" } },
      nodes: {
        first: { type: "Linear", config: { inDim: 8, outDim: 8 } },
        second: { type: "Linear", config: { inDim: 8, outDim: 8 }, ...(skip ? { skip } : {}) },
      },
      edges: [
        { from: ["inputs", "x"], to: ["first", "x"] },
        { from: ["first", "y"], to: ["second", "x"] },
        { from: ["second", "y"], to: ["outputs", "y"] },
      ],
    });
  const names = (graph: GraphBlock) =>
    describeWeights(graphBlock("Both", graph, findBlock), {}, { find: findBlock }).map(({ name }) => name);
  expect(names(block())).toEqual(["first.weight", "second.weight"]);
  expect(names(block("bypass"))).toEqual(["first.weight"]);
  const traced = trace(graphBlock("Both", block("bypass"), findBlock), {}, { find: findBlock });
  expect(traced.edges).toEqual([
    { from: ["inputs", "x"], to: ["first", "x"] },
    { from: ["first", "y"], to: ["outputs", "y"] },
  ]);
  const muted = checkPipeline({ nodes: {}, edges: [], blocks: { Both: block("mute") } }, library);
  expect(muted[0]!.message).toContain('output "y" of the block is not connected');
});
