import type { Catalog, CatalogEntry } from "../../core/catalog.ts";
import { checkConnection } from "../check.ts";
import type { GraphEdge, GraphNode } from "../graph.ts";
import { fullConfig, solveShapes } from "../solve.ts";
import { connect } from "./drawnGraph.ts";
import type { EditedGraph } from "./place.ts";

/**
 * A graph with one wire more. A block that nothing was wired to yet takes its sizes from what it is wired to: it was added with
 * sizes that nobody chose.
 * @returns undefined if the wire does not fit even so
 */
export function connectFitting<Graph extends EditedGraph>(
  graph: Graph,
  catalog: Catalog,
  edge: GraphEdge,
): Graph | undefined {
  const refused = checkConnection(graph, edge, catalog);
  if (!refused) return connect(graph, edge);
  if (refused.code !== "SHAPE_MISMATCH") return undefined;
  for (const [end, other] of [
    ["to", "from"],
    ["from", "to"],
  ] as const) {
    const [id, port] = edge[end];
    const node = graph.nodes[id];
    const entry = node && catalog[node.type];
    const isWired = graph.edges.some(({ from, to }) => from[0] === id || to[0] === id);
    if (!node || !entry || isWired) continue;
    const solution = solveShapes(graph, catalog);
    const [otherId, otherPort] = edge[other];
    const shape = solution[other === "from" ? "outputs" : "inputs"][otherId]?.[otherPort];
    const sizes = shape && sizesFrom(shape, entry[end === "to" ? "inputs" : "outputs"][port]?.shape ?? [], entry, node);
    if (!sizes) continue;
    const resized = { ...graph, nodes: { ...graph.nodes, [id]: { ...node, config: { ...node.config, ...sizes } } } };
    if (!checkConnection(resized, edge, catalog)) return connect(resized, edge);
  }
  return undefined;
}

/** The fields of a block's configuration that a shape on its port tells, where they differ; axes count from the last. */
function sizesFrom(
  shape: readonly (number | string)[],
  spec: readonly (number | string)[],
  entry: CatalogEntry,
  node: GraphNode,
): Record<string, number> | undefined {
  const config = fullConfig(node, entry);
  const sizes: Record<string, number> = {};
  for (let back = 1; back <= Math.min(shape.length, spec.length); back++) {
    const [size, name] = [shape.at(-back), spec.at(-back)];
    if (typeof name !== "string" || typeof size !== "number" || config[name] === size) continue;
    if (entry.config.properties?.[name]?.type === "integer") sizes[name] = size;
  }
  return Object.keys(sizes).length > 0 ? sizes : undefined;
}
