import type { Catalog } from "../../core/catalog.ts";
import { checkConnection } from "../check.ts";
import { type GraphEdge, type GraphNode, inputsOf } from "../graph.ts";
import { connectFitting } from "./connectFitting.ts";
import { connect, disconnect, removeNodes } from "./drawnGraph.ts";
import type { EditedGraph } from "./place.ts";

/** Without these nodes, and with what followed each joined to what came before it, where shapes and number types allow. */
export function removeAndRejoin<G extends EditedGraph>(graph: G, ids: readonly string[], catalog: Catalog): G {
  return ids.reduce((now, id) => {
    if (!Object.hasOwn(now.nodes, id)) return now;
    const sources = Object.values(inputsOf(now, id)).map(({ node, port }): GraphEdge["from"] => [node, port]);
    const followers = now.edges.filter(({ from }) => from[0] === id);
    return followers.reduce(
      (joined, { to }) => {
        const from = sources.find((source) => !checkConnection(joined, { from: source, to }, catalog));
        return from ? connect(joined, { from, to }) : joined;
      },
      removeNodes(now, [id]),
    );
  }, graph);
}

/**
 * Puts a node that is in the graph into an edge: what came in by the edge goes into it, and what it gives goes on. If nothing is
 * wired to it yet, it takes its sizes from there.
 * @returns undefined if it has no input and output that fit
 */
export function insertOnEdge<G extends EditedGraph>(
  graph: G,
  id: string,
  edge: GraphEdge,
  catalog: Catalog,
): G | undefined {
  const entry = catalog[graph.nodes[id]?.type ?? ""];
  if (!entry || edge.from[0] === id || edge.to[0] === id) return undefined;
  const open = disconnect(graph, [edge]);
  for (const input of Object.keys(entry.inputs)) {
    const entered = connectFitting(open, catalog, { from: edge.from, to: [id, input] });
    if (!entered) continue;
    for (const output of Object.keys(entry.outputs)) {
      const onward: GraphEdge = { from: [id, output], to: edge.to };
      if (!checkConnection(entered, onward, catalog)) return connect(entered, onward);
    }
  }
  return undefined;
}

/** Makes a node one of another type: fields of the same name that are taken there stay, and so do edges that fit. */
export function replaceBlock<G extends EditedGraph>(graph: G, id: string, fresh: GraphNode, catalog: Catalog): G {
  const before = graph.nodes[id]!;
  const entry = catalog[fresh.type];
  const fields = entry?.config.properties ?? {};
  const kept = Object.entries(before.config).filter(([field]) => field in fields && !fields[field]!.slot);
  const node: GraphNode = {
    ...fresh,
    config: { ...fresh.config, ...Object.fromEntries(kept) },
    ...(before.label === undefined ? {} : { label: before.label }),
    ...(graph.inputs ? { pretrained: false } : {}),
  };
  const touching = graph.edges.filter(({ from, to }) => from[0] === id || to[0] === id);
  const bare = { ...disconnect(graph, touching), nodes: { ...graph.nodes, [id]: node } };
  return touching.reduce((now, edge) => {
    const isInput = edge.to[0] === id;
    const own = isInput ? edge.to[1] : edge.from[1];
    const ports = Object.keys((isInput ? entry?.inputs : entry?.outputs) ?? {});
    const candidates = [own, ...ports.filter((port) => port !== own)].map(
      (port): GraphEdge => (isInput ? { ...edge, to: [id, port] } : { ...edge, from: [id, port] }),
    );
    const fits = candidates.find((candidate) => !checkConnection(now, candidate, catalog));
    return fits ? connect(now, fits) : now;
  }, bare);
}
