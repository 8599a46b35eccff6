import { type Graph, type GraphEdge, type GraphNode, type GraphView, graphInputs, graphOutputs } from "../graph.ts";
import { withoutAnnotations } from "./annotations.ts";

/** Where a node stands on the canvas. */
export type Position = [number, number];

/** A graph with the way it is drawn: a pipeline, or a block that is a graph. */
export interface DrawnGraph extends Graph {
  edges: GraphEdge[];
  view: GraphView;
}

/** An id that the graph does not have: `perceiverResampler`, then `perceiverResampler2`. */
export function freshId(graph: Pick<Graph, "nodes">, base: string): string {
  const letters = base.replace(/[^a-zA-Z0-9_]/g, "").replace(/\d+$/, "") || "node";
  const stem = (letters[0]!.toLowerCase() + letters.slice(1)).slice(0, 56);
  const start = /^[a-z]/.test(stem) ? stem : "node";
  // An id that begins another one's would give two weights the same name.
  const begun = new Set(Object.keys(graph.nodes).flatMap((id) => beginnings(id)));
  const isTaken = (id: string) => id === graphInputs || id === graphOutputs || id in graph.nodes || begun.has(id);
  if (!isTaken(start)) return start;
  let count = 2;
  while (isTaken(`${start}${count}`)) count++;
  return `${start}${count}`;
}

/** What an id begins with, up to each of its dots: `layers.0.attn` with `layers` and `layers.0`. */
function beginnings(id: string): string[] {
  const parts = id.split(".");
  return parts.slice(1).map((_part, at) => parts.slice(0, at + 1).join("."));
}

/** With one node more, at a position. */
export function addNode<G extends DrawnGraph>(graph: G, id: string, node: GraphNode, position: Position): G {
  return moveNodes({ ...graph, nodes: { ...graph.nodes, [id]: node } }, { [id]: position });
}

/** Without these nodes, notes and groups, and without the edges that ended at them. The nodes of a group stay. */
export function removeNodes<G extends DrawnGraph>(graph: G, ids: readonly string[]): G {
  const gone = new Set(ids);
  const { nodes, edges, view } = partOf(graph, (id) => !gone.has(id));
  return { ...graph, nodes, edges, view: withoutAnnotations(view, gone) };
}

/** The nodes that are kept, and the edges between them. */
function partOf({ nodes, edges, view }: DrawnGraph, isKept: (id: string) => boolean): DrawnGraph {
  const pick = <T>(record: Record<string, T>) =>
    Object.fromEntries(Object.entries(record).filter(([id]) => isKept(id)));
  return {
    nodes: pick(nodes),
    edges: edges.filter(({ from, to }) => isKept(from[0]) && isKept(to[0])),
    view: { ...view, positions: pick(view.positions) },
  };
}

/** With these nodes at other positions. */
export function moveNodes<G extends DrawnGraph>(graph: G, positions: Readonly<Record<string, Position>>): G {
  return { ...graph, view: { ...graph.view, positions: { ...graph.view.positions, ...positions } } };
}

/** With one node changed; the same graph if there is no such node. */
export function changeNode<G extends Graph>(graph: G, id: string, change: (node: GraphNode) => GraphNode): G {
  const node = graph.nodes[id];
  return node ? { ...graph, nodes: { ...graph.nodes, [id]: change(node) } } : graph;
}

/** Sets a field of a node's configuration; undefined takes it out, so that the default holds. */
export function setField(node: GraphNode, key: string, value: unknown): GraphNode {
  const { [key]: _before, ...rest } = node.config;
  return { ...node, config: value === undefined ? rest : { ...rest, [key]: value as GraphNode["config"][string] } };
}

/** Sets label, weights, frozen, shares or skip; undefined takes it out. */
export function setProperty<K extends "label" | "weights" | "frozen" | "shares" | "skip">(
  node: GraphNode,
  key: K,
  value: GraphNode[K] | undefined,
): GraphNode {
  const { [key]: _before, ...rest } = node;
  return (value === undefined ? rest : { ...rest, [key]: value }) as GraphNode;
}

/** With one edge more. */
export function connect<G extends Graph>(graph: G, edge: GraphEdge): G {
  return { ...graph, edges: [...graph.edges, edge] };
}

/** Without these edges. */
export function disconnect<G extends Graph>(graph: G, edges: readonly GraphEdge[]): G {
  const gone = new Set(edges);
  return { ...graph, edges: graph.edges.filter((edge) => !gone.has(edge)) };
}
