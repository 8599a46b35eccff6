import { describe, expect, test } from "vitest";
import { describeWeights } from "../../../src/core/describeWeights.ts";
import { findBlock } from "../../../src/core/registry.ts";
import { checkPipeline } from "../../../src/graph/check.ts";
import { backToOriginal, changeInside, needsExtent, type OpenBlock } from "../../../src/graph/edit/changeInside.ts";
import { areSame, differences } from "../../../src/graph/edit/differences.ts";
import { type GraphOfBlocks, placesOf } from "../../../src/graph/edit/place.ts";
import { renameBlock } from "../../../src/graph/edit/renameBlock.ts";
import type { GraphBlock, GraphNode } from "../../../src/graph/graph.ts";
import { resolvedGraph, withGraphBlocks } from "../../../src/graph/graphBlock.ts";
import { frozenNewWeights, newWeights } from "../../../src/graph/newWeights.ts";
import { traceWithFields } from "../../../src/graph/traceWithFields.ts";
import { FlamingoLanguageModel } from "../../../src/models/languageModel.ts";
import { catalog } from "./randomGraph.ts";

const model = { type: "FlamingoLanguageModel", config: FlamingoLanguageModel.example as object as GraphNode["config"] };
const gated = "gated_cross_attn_layers.0";

/** Two language models of the same kind, whose inputs nothing gives. */
const pipeline: GraphOfBlocks = { nodes: { one: model, two: model }, edges: [], blocks: {}, view: { positions: {} } };

function opened(graph: GraphOfBlocks, node: string, around?: OpenBlock): OpenBlock {
  const { type, config } = (around ? resolvedGraph(around.graph) : graph).nodes[node]!;
  const own = graph.blocks[type];
  const block = withGraphBlocks(graph.blocks)(type)!;
  const inside = own ?? traceWithFields(block, config as never, ["dim", "visualDim"]);
  return { step: { node }, graph: inside, ...(own ? { own: type } : {}) };
}

/** The first gated layer of a language model, two blocks deep. */
function gatedLayerOf(graph: GraphOfBlocks, node: string): [OpenBlock, OpenBlock] {
  const outer = opened(graph, node);
  return [outer, opened(graph, gated, outer)];
}

/** A gated layer without its second gate, and with a normalisation before its feed-forward. */
function rewired(inside: GraphBlock): GraphBlock {
  const { ff_gate: gate, ...nodes } = inside.nodes;
  return {
    ...inside,
    nodes: {
      ...nodes,
      ff_gate: { ...gate!, type: "Ungated" },
      extra: { type: "LayerNorm", config: { dim: "$dim" }, pretrained: false },
    },
    edges: [
      ...inside.edges.filter(({ to }) => to[0] !== "ff"),
      { from: ["attn_gate", "y"], to: ["extra", "x"] },
      { from: ["extra", "y"], to: ["ff", "x"] },
    ],
  };
}

function namesOf(graph: GraphOfBlocks, node: string): string[] {
  const { type, config } = graph.nodes[node]!;
  const find = withGraphBlocks(graph.blocks, findBlock);
  return describeWeights(find(type)!, config as never, { find })
    .map(({ name, shape }) => `${name} ${shape}`)
    .sort();
}

const serious = (graph: GraphOfBlocks) =>
  checkPipeline(graph, catalog).filter(({ code, inside }) => code !== "MISSING_INPUT" || inside !== undefined);

describe("changing an inside", () => {
  const path = gatedLayerOf(pipeline, "one");
  const changed = changeInside(pipeline, path, rewired(path[1].graph), { kind: "here" }, catalog);

  test("of the library's blocks makes copies at this place, as deep as it goes, and leaves the others", () => {
    expect(needsExtent(pipeline, path)).toBe(true);
    expect(serious(changed)).toEqual([]);
    expect(changed.nodes.one!.type).not.toBe(model.type);
    expect(changed.nodes.two).toBe(model);
    expect(Object.values(changed.blocks).map(({ from, local }) => [from, local])).toEqual([
      ["GatedXattnDense", true],
      ["FlamingoLanguageModel", true],
    ]);
  });

  test("keeps the names of all weights that are still there, and tells the new ones", () => {
    const [before, after] = [namesOf(pipeline, "one"), namesOf(changed, "one")];
    expect(before.filter((name) => !after.includes(name))).toEqual([`${gated}.ff_gate 1`]);
    const added = [`${gated}.extra.bias`, `${gated}.extra.weight`];
    expect(after.filter((name) => !before.includes(name))).toEqual(added.map((name) => `${name} 8`));
    const told = newWeights(changed, catalog, findBlock);
    expect(Object.keys(told)).toEqual(["one"]);
    expect(told.one).toMatchObject({ weights: 16, frozen: [] });
    expect([...told.one!.names].sort()).toEqual(added);
    expect(frozenNewWeights(told)).toEqual([]);
  });

  test("new weights in what is frozen as a whole are a problem before the run", () => {
    const frozen = { ...changed, nodes: { ...changed.nodes, one: { ...changed.nodes.one!, frozen: true } } };
    const [problem] = frozenNewWeights(newWeights(frozen, catalog, findBlock));
    expect(problem).toMatchObject({ code: "INVALID_WEIGHTS", node: "one", fix: expect.stringMatching(/unfreeze/) });
  });

  test("again changes the copies, without new ones", () => {
    const again = gatedLayerOf(changed, "one");
    expect(needsExtent(changed, again)).toBe(false);
    const { extra: _extra, ...nodes } = again[1].graph.nodes;
    const next = changeInside(changed, again, { ...again[1].graph, nodes }, { kind: "here" }, catalog);
    expect(Object.keys(next.blocks)).toEqual(Object.keys(changed.blocks));
    expect(next.nodes).toBe(changed.nodes);
  });

  test("is told by what differs from the original, and goes back to it", () => {
    const again = gatedLayerOf(changed, "one");
    const found = differences(path[1].graph, again[1].graph);
    expect(found).toMatchObject({ added: ["extra"], changed: ["ff_gate"], removed: [] });
    expect(areSame(differences(path[1].graph, path[1].graph))).toBe(true);
    const back = backToOriginal(changed, again, catalog)!;
    expect(namesOf(back, "one")).toEqual(namesOf(pipeline, "one"));
    const outer = backToOriginal(back, [opened(back, "one")], catalog)!;
    expect(outer.nodes).toEqual(pipeline.nodes);
    expect(outer.blocks).toEqual({});
  });

  test("of a block at several places changes this one, or all of them", () => {
    const named = changeInside(
      pipeline,
      path,
      path[1].graph,
      { kind: "named", name: "Mine", summary: "Mine." },
      catalog,
    );
    expect(named.blocks.Mine).toMatchObject({ title: "Mine", summary: "Mine." });
    expect(named.blocks.Mine!.local).toBeUndefined();
    const twice = { ...named, nodes: { ...named.nodes, two: named.nodes.one! } };
    expect(placesOf(twice).get("Mine")).toBe(2);
    const inside = gatedLayerOf(twice, "two");
    expect(needsExtent(twice, inside)).toBe(true);
    const everywhere = changeInside(twice, inside, rewired(inside[1].graph), { kind: "everywhere" }, catalog);
    expect(namesOf(everywhere, "one")).toEqual(namesOf(everywhere, "two"));
    expect(namesOf(everywhere, "one")).toEqual(namesOf(changed, "one"));
    const here = changeInside(twice, inside, rewired(inside[1].graph), { kind: "here" }, catalog);
    expect(namesOf(here, "one")).toEqual(namesOf(pipeline, "one"));
    expect(namesOf(here, "two")).toEqual(namesOf(changed, "one"));
    expect(serious(here)).toEqual([]);
  });

  test("renaming a block renames it where it is used", () => {
    const [, inner] = gatedLayerOf(changed, "one");
    const renamed = renameBlock(changed, inner.own!, { name: "Mine", title: "Mine", summary: "What it does." });
    expect(renamed.blocks.Mine).toMatchObject({ title: "Mine", summary: "What it does.", from: "GatedXattnDense" });
    expect(renamed.blocks.Mine!.local).toBeUndefined();
    expect(namesOf(renamed, "one")).toEqual(namesOf(changed, "one"));
    expect(renamed.nodes.two).toBe(model);
  });
});

describe("changing what fills a slot", () => {
  test("makes a copy that fits the slot, with the sizes that the block around gives", () => {
    const step = { node: "one", slot: ["fusionLayer"] };
    const config = { heads: 2, headDim: 4, padded: true, dim: 8, visualDim: 6 };
    const inside = traceWithFields(findBlock("GatedXattnDense")!, config as never, ["dim", "visualDim"]);
    const changed = changeInside(pipeline, [{ step, graph: inside }], rewired(inside), { kind: "here" }, catalog);
    expect(serious(changed)).toEqual([]);
    const layers = [0, 1].flatMap((layer) => [`gated_cross_attn_layers.${layer}.extra.weight 8`]);
    expect(namesOf(changed, "one")).toEqual(expect.arrayContaining(layers));
    expect(newWeights(changed, catalog, findBlock).one!.weights).toBe(32);
    const wider = { ...changed.nodes.one!, config: { ...changed.nodes.one!.config, dim: 16 } };
    const grown = { ...changed, nodes: { ...changed.nodes, one: wider } };
    expect(serious(grown)).toEqual([]);
    expect(namesOf(grown, "one")).toContain("gated_cross_attn_layers.0.extra.weight 16");
  });
});
