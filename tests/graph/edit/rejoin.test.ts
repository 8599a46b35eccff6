import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkPipeline } from "../../../src/graph/check.ts";
import { align, distribute } from "../../../src/graph/edit/align.ts";
import { addNode } from "../../../src/graph/edit/drawnGraph.ts";
import type { GraphOfBlocks } from "../../../src/graph/edit/place.ts";
import { insertOnEdge, removeAndRejoin, replaceBlock } from "../../../src/graph/edit/rejoin.ts";
import type { GraphEdge } from "../../../src/graph/graph.ts";
import { catalog, graphs } from "./randomGraph.ts";

const norm = { type: "LayerNorm", config: { dim: 8 } };
const chain: GraphOfBlocks = {
  nodes: { a: norm, b: { type: "FeedForward", config: { dim: 8, mult: 2 }, label: "Middle" }, c: norm },
  edges: [
    { from: ["a", "y"], to: ["b", "x"] },
    { from: ["b", "y"], to: ["c", "x"] },
  ],
  blocks: {},
  view: { positions: { a: [0, 0], b: [300, 40], c: [900, 10] } },
};
const sizeOf = () => ({ width: 200, height: 100 });
const wrong = (graph: GraphOfBlocks) => checkPipeline(graph, catalog).filter(({ code }) => code !== "MISSING_INPUT");
const text = ({ from, to }: GraphEdge) => `${from.join(".")} → ${to.join(".")}`;

describe("removing nodes and joining their neighbours", () => {
  test("joins what came before to what came after", () => {
    expect(removeAndRejoin(chain, ["b"], catalog).edges.map(text)).toEqual(["a.y → c.x"]);
    const two = removeAndRejoin({ ...chain, edges: [...chain.edges] }, ["a", "b"], catalog);
    expect(two.edges).toEqual([]);
  });

  test("leaves what does not fit apart, and never makes anything wrong", () => {
    const widened: GraphOfBlocks = {
      ...chain,
      nodes: {
        ...chain.nodes,
        b: { type: "Linear", config: { inDim: 8, outDim: 16 } },
        c: { type: "LayerNorm", config: { dim: 16 } },
      },
    };
    expect(removeAndRejoin(widened, ["b"], catalog).edges).toEqual([]);
    fc.assert(
      fc.property(graphs, fc.nat(255), (graph, pick) => {
        const ids = Object.keys(graph.nodes).filter((_id, at) => (pick >> at) & 1);
        expect(wrong(removeAndRejoin(graph, ids, catalog))).toEqual([]);
      }),
    );
  });
});

describe("inserting a node on an edge", () => {
  test("leads the edge through it", () => {
    const grown = addNode(chain, "gelu", { type: "Gelu", config: {} }, [0, 0]);
    const inserted = insertOnEdge(grown, "gelu", chain.edges[0]!, catalog)!;
    expect(inserted.edges.map(text).sort()).toEqual(["a.y → gelu.x", "b.y → c.x", "gelu.y → b.x"]);
    expect(removeAndRejoin(inserted, ["gelu"], catalog).edges.map(text).sort()).toEqual(chain.edges.map(text).sort());
  });

  test("gives it the sizes that pass there", () => {
    const grown = addNode(chain, "norm", { type: "LayerNorm", config: { dim: 16 } }, [0, 0]);
    const inserted = insertOnEdge(grown, "norm", chain.edges[0]!, catalog)!;
    expect(inserted.nodes.norm!.config).toEqual({ dim: 8 });
    expect(wrong(inserted)).toEqual([]);
  });

  test("is not done where it does not fit", () => {
    const grown = addNode(chain, "loss", { type: "MediaLocations", config: { imageToken: 3 } }, [0, 0]);
    expect(insertOnEdge(grown, "loss", chain.edges[0]!, catalog)).toBeUndefined();
  });
});

describe("replacing a node by one of another kind", () => {
  test("keeps its label, and the fields and edges that fit", () => {
    const replaced = replaceBlock(chain, "b", { type: "SwiGluFeedForward", config: {} }, catalog);
    expect(replaced.nodes.b).toMatchObject({ type: "SwiGluFeedForward", label: "Middle", config: { dim: 8 } });
    expect(replaced.edges.map(text).sort()).toEqual(chain.edges.map(text).sort());
    const gone = replaceBlock(
      chain,
      "b",
      { type: "TokenEmbedding", config: { vocabulary: 3, dim: 8 } as never },
      catalog,
    );
    expect(gone.edges.map(text)).toEqual(["b.hidden → c.x"]);
  });

  test("a gate by none keeps what it adds", () => {
    const gated: GraphOfBlocks = {
      ...chain,
      nodes: { ...chain.nodes, gate: { type: "TanhGate", config: {} } },
      edges: [...chain.edges, { from: ["a", "y"], to: ["gate", "x"] }, { from: ["c", "y"], to: ["gate", "update"] }],
    };
    const replaced = replaceBlock(gated, "gate", { type: "Ungated", config: {} }, catalog);
    expect(replaced.edges).toEqual(gated.edges);
  });
});

describe("lining nodes up", () => {
  test("at the outermost of them", () => {
    expect(align(chain, ["a", "b"], "top", sizeOf).view.positions).toEqual({ a: [0, 0], b: [300, 0], c: [900, 10] });
    expect(align(chain, ["a", "b"], "right", sizeOf).view.positions.a).toEqual([300, 0]);
    expect(align(chain, ["b", "c"], "bottom", sizeOf).view.positions.c).toEqual([900, 40]);
    expect(align(chain, ["b", "c"], "left", sizeOf).view.positions.c).toEqual([300, 10]);
  });

  test("with the same gaps between them; the first and the last stay", () => {
    const { positions } = distribute(chain, ["c", "a", "b"], 0, sizeOf).view;
    expect(positions).toEqual({ a: [0, 0], b: [450, 40], c: [900, 10] });
    expect(distribute(chain, ["a", "b"], 0, sizeOf)).toBe(chain);
  });
});
