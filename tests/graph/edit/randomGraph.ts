import fc from "fast-check";
import { makeCatalog } from "../../../src/core/catalog.ts";
import { checkConnection } from "../../../src/graph/check.ts";
import type { GraphOfBlocks } from "../../../src/graph/edit/place.ts";
import type { GraphEdge, GraphNode } from "../../../src/graph/graph.ts";
import { models } from "../../../src/models/index.ts";

export const catalog = makeCatalog(models);

/** Blocks of a width of 8, so that many fit each other: with one input and with two, with weights and without, some with an inside. */
const kinds: GraphNode[] = [
  { type: "LayerNorm", config: { dim: 8 } },
  { type: "FeedForward", config: { dim: 8 } },
  { type: "Gelu", config: {} },
  { type: "Add", config: {} },
  { type: "TanhGate", config: {} },
  { type: "Ungated", config: {} },
  { type: "Linear", config: { inDim: 8, outDim: 16 } },
  { type: "Linear", config: { inDim: 16, outDim: 8 } },
];

/** A graph of blocks whose edges were all accepted. */
export const graphs: fc.Arbitrary<GraphOfBlocks> = fc
  .record({
    nodes: fc.array(fc.tuple(fc.constantFrom(...kinds), fc.boolean()), { minLength: 1, maxLength: 9 }),
    wires: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { maxLength: 24 }),
  })
  .map(({ nodes, wires }) => {
    const entries = nodes.map(([node, nested], at): [string, GraphNode] => [nested ? `part.n${at}` : `n${at}`, node]);
    const positions = Object.fromEntries(entries.map(([id], at): [string, [number, number]] => [id, [at * 250, 0]]));
    const empty: GraphOfBlocks = { nodes: Object.fromEntries(entries), edges: [], blocks: {}, view: { positions } };
    return wires.reduce((graph, pick) => withWire(graph, pick), empty);
  });

/** The graph with one wire more, if that is accepted. */
export function withWire<G extends GraphOfBlocks>(
  graph: G,
  [a, b, c]: readonly [number, number, number],
  known = catalog,
): G {
  const ids = Object.keys(graph.nodes);
  if (ids.length === 0) return graph;
  const [from, to] = [ids[a % ids.length]!, ids[b % ids.length]!];
  const outputs = Object.keys(known[graph.nodes[from]!.type]?.outputs ?? {});
  const inputs = Object.keys(known[graph.nodes[to]!.type]?.inputs ?? {});
  if (outputs.length === 0 || inputs.length === 0) return graph;
  const edge: GraphEdge = { from: [from, outputs[c % outputs.length]!], to: [to, inputs[c % inputs.length]!] };
  return checkConnection(graph, edge, known) ? graph : { ...graph, edges: [...graph.edges, edge] };
}
