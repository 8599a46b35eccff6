import type { CatalogEntry } from "../../../src/core/catalog.ts";
import type { GraphEdge, GraphNode } from "../../../src/graph/graph.ts";
import type { Pipeline } from "../../../src/pipeline/schema.ts";

/** Where a node stands on the canvas. */
export type Position = [number, number];

/** A pipeline with nothing in it. */
export function emptyPipeline(name = "Untitled"): Pipeline {
  return {
    format: "flamingo-pipeline",
    version: 2,
    name,
    description: "",
    nodes: {},
    edges: [],
    blocks: {},
    view: { positions: {} },
  };
}

/** An id that the pipeline does not have: `perceiverResampler`, then `perceiverResampler2`. */
export function freshId(pipeline: Pick<Pipeline, "nodes">, base: string): string {
  const letters = base.replace(/[^a-zA-Z0-9_]/g, "").replace(/\d+$/, "") || "node";
  const stem = (letters[0]!.toLowerCase() + letters.slice(1)).slice(0, 56);
  const start = /^[a-z]/.test(stem) ? stem : "node";
  if (!(start in pipeline.nodes)) return start;
  let count = 2;
  while (`${start}${count}` in pipeline.nodes) count++;
  return `${start}${count}`;
}

/** The configuration a new node starts with: what has no default is taken from the entry's example. */
export function initialConfig(entry: CatalogEntry): GraphNode["config"] {
  const missing = Object.keys(entry.config.properties ?? {}).filter((key) => !(key in entry.defaults));
  return Object.fromEntries(
    missing.flatMap((key) => (key in entry.example ? [[key, entry.example[key]]] : [])),
  ) as GraphNode["config"];
}

export function addNode(pipeline: Pipeline, id: string, node: GraphNode, position: Position): Pipeline {
  return withPositions({ ...pipeline, nodes: { ...pipeline.nodes, [id]: node } }, { [id]: position });
}

/** Without these nodes, and without the wires that ended at them. */
export function removeNodes(pipeline: Pipeline, ids: readonly string[]): Pipeline {
  const gone = new Set(ids);
  const keep = <T>(record: Record<string, T>) =>
    Object.fromEntries(Object.entries(record).filter(([id]) => !gone.has(id)));
  return {
    ...pipeline,
    nodes: keep(pipeline.nodes),
    edges: pipeline.edges.filter((edge) => !gone.has(edge.from[0]) && !gone.has(edge.to[0])),
    view: { positions: keep(pipeline.view.positions) },
  };
}

export function moveNodes(pipeline: Pipeline, positions: Record<string, Position>): Pipeline {
  return withPositions(pipeline, positions);
}

/** Changes one node; the same pipeline if there is no such node. */
export function changeNode(pipeline: Pipeline, id: string, change: (node: GraphNode) => GraphNode): Pipeline {
  const node = pipeline.nodes[id];
  return node ? { ...pipeline, nodes: { ...pipeline.nodes, [id]: change(node) } } : pipeline;
}

/** Sets a field of a node's configuration; undefined takes it out, so that the default holds. */
export function setField(node: GraphNode, key: string, value: unknown): GraphNode {
  const { [key]: _before, ...rest } = node.config;
  return { ...node, config: value === undefined ? rest : { ...rest, [key]: value as GraphNode["config"][string] } };
}

/** Sets label, weights or frozen; undefined takes it out. */
export function setProperty<K extends "label" | "weights" | "frozen">(
  node: GraphNode,
  key: K,
  value: GraphNode[K] | undefined,
): GraphNode {
  const { [key]: _before, ...rest } = node;
  return (value === undefined ? rest : { ...rest, [key]: value }) as GraphNode;
}

export function connect(pipeline: Pipeline, edge: GraphEdge): Pipeline {
  return { ...pipeline, edges: [...pipeline.edges, edge] };
}

export function disconnect(pipeline: Pipeline, edges: readonly GraphEdge[]): Pipeline {
  const gone = new Set(edges);
  return { ...pipeline, edges: pipeline.edges.filter((edge) => !gone.has(edge)) };
}

function withPositions(pipeline: Pipeline, positions: Record<string, Position>): Pipeline {
  return { ...pipeline, view: { positions: { ...pipeline.view.positions, ...positions } } };
}
