import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeWeights } from "../../../src/core/describeWeights.ts";
import { FlamingoError } from "../../../src/core/errors.ts";
import { findBlock } from "../../../src/core/registry.ts";
import { checkPipeline } from "../../../src/graph/check.ts";
import { collapse } from "../../../src/graph/edit/collapse.ts";
import { expand } from "../../../src/graph/edit/expand.ts";
import type { GraphOfBlocks } from "../../../src/graph/edit/place.ts";
import type { GraphEdge } from "../../../src/graph/graph.ts";
import { withGraphBlocks } from "../../../src/graph/graphBlock.ts";
import { refusalOf } from "../../core/refusalOf.ts";
import { catalog, graphs } from "./randomGraph.ts";

/** Collapses some nodes; undefined if that is refused. */
function collapsed(graph: GraphOfBlocks, pick: number) {
  const chosen = Object.keys(graph.nodes).filter((_id, at) => (pick >> at) & 1);
  try {
    const { graph: next, id, block } = collapse(graph, chosen, { name: "Mine" }, catalog);
    return { graph: { ...next, blocks: { Mine: block } }, id, block, chosen };
  } catch (error) {
    if (error instanceof FlamingoError) return undefined;
    throw error;
  }
}

const keyOf = ({ from, to }: GraphEdge) => `${from.join(" ")} → ${to.join(" ")}`;
const edgesOf = (graph: GraphOfBlocks) => graph.edges.map(keyOf).sort();
const seriousIn = (graph: GraphOfBlocks) =>
  checkPipeline(graph, catalog).filter(({ code, inside }) => code !== "MISSING_INPUT" || inside !== undefined);

function weightsOf(graph: GraphOfBlocks): string[] {
  const find = withGraphBlocks(graph.blocks);
  return Object.entries(graph.nodes)
    .flatMap(([id, { type, config }]) =>
      describeWeights(find(type)!, config as never, { find }).map(
        ({ name, shape }) => `${`${id}.${name}`.replace(/\.$/, "")} ${shape}`,
      ),
    )
    .sort();
}

describe("collapsing nodes to a block", () => {
  test("and expanding it again gives the same graph, but for the order and the places of nodes and the start of their ids", () => {
    let done = 0;
    fc.assert(
      fc.property(graphs, fc.integer({ min: 1, max: 511 }), (graph, pick) => {
        const made = collapsed(graph, pick);
        if (!made) return;
        done++;
        const named = Object.keys(made.block.nodes).every((id) => made.chosen.includes(id));
        const back = expand(made.graph, made.id, made.block, named ? (inner) => inner : undefined).graph;
        expect(back.nodes).toEqual(graph.nodes);
        expect(edgesOf(back)).toEqual(edgesOf(graph));
      }),
    );
    expect(done).toBeGreaterThan(20);
  });

  test("makes a block without problems, and none where there was none", () => {
    fc.assert(
      fc.property(graphs, fc.integer({ min: 1, max: 511 }), (graph, pick) => {
        const made = collapsed(graph, pick);
        if (made) expect(seriousIn(made.graph)).toEqual(seriousIn(graph));
      }),
    );
  });

  test("and expanding a block keep the names of weights whose ids begin with the id of the block", () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const chosen = Object.keys(graph.nodes).flatMap((id, at) => (id.startsWith("part.") ? [1 << at] : []));
        const made = collapsed(
          graph,
          chosen.reduce((sum, bit) => sum + bit, 0),
        );
        if (made?.id !== "part") return;
        expect(weightsOf(made.graph)).toEqual(weightsOf(graph));
        expect(weightsOf(expand(made.graph, made.id, made.block).graph)).toEqual(weightsOf(graph));
      }),
    );
  });

  test("names its ports after theirs, with sizes that its nodes know as numbers", () => {
    const graph: GraphOfBlocks = {
      nodes: {
        norm: { type: "LayerNorm", config: { dim: 8 } },
        gate: { type: "TanhGate", config: {} },
        widen: { type: "Linear", config: { inDim: 8, outDim: 16 } },
      },
      edges: [
        { from: ["norm", "y"], to: ["gate", "x"] },
        { from: ["gate", "y"], to: ["widen", "x"] },
      ],
      blocks: {},
      view: { positions: {} },
    };
    const { block, graph: next } = collapse(graph, ["norm", "gate"], { name: "Mine" }, catalog);
    expect(Object.entries(block.inputs).map(([port, { shape }]) => [port, shape])).toEqual([
      ["x", "...lead 8"],
      ["update", "...lead 8"],
    ]);
    expect(block.outputs.y!.shape).toBe("...lead 8");
    expect(next.edges).toEqual([{ from: ["mine", "y"], to: ["widen", "x"] }]);
    expect(findBlock("Mine")).toBeUndefined();
  });

  test.each([
    ["nothing", {}, [], "INVALID_PIPELINE", /no nodes/],
    [
      "nodes with a way out of them and back",
      { a: { type: "Gelu", config: {} }, b: { type: "Gelu", config: {} }, c: { type: "Gelu", config: {} } },
      ["a", "c"],
      "CYCLE",
      /"b" gets a value from the selection and gives one back/,
    ],
    [
      "one of two nodes that share weights",
      { a: { type: "LayerNorm", config: { dim: 8 } }, b: { type: "LayerNorm", config: { dim: 8 }, shares: "a" } },
      ["a"],
      "INVALID_PIPELINE",
      /shares the weights/,
    ],
  ])("refuses %s", (_, nodes, chosen, code, message) => {
    const edges: GraphEdge[] =
      "c" in nodes
        ? [
            { from: ["a", "y"], to: ["b", "x"] },
            { from: ["b", "y"], to: ["c", "x"] },
          ]
        : [];
    const graph = { nodes, edges, blocks: {}, view: { positions: {} } } as GraphOfBlocks;
    const refusal = refusalOf(() => collapse(graph, chosen, { name: "Mine" }, catalog));
    expect(refusal).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});
