import type { Catalog, CatalogEntry } from "../../../src/core/catalog.ts";
import { type Layout, type LayoutNode, layout } from "../../../src/figures/layout.ts";
import type { Position } from "../../../src/graph/edit/drawnGraph.ts";
import type { EditedGraph } from "../../../src/graph/edit/place.ts";
import { card, cardHeight, portOffset } from "./cardSize.ts";
import { figureOf } from "./figure.ts";
import { drawnId, terminalSize, terminalsOf } from "./terminals.ts";

/** The names of a node's ports. An unknown node has those that its wires end at, so that it keeps them. */
export function portsOf(
  graph: Pick<EditedGraph, "edges">,
  id: string,
  entry: CatalogEntry | undefined,
): { inputs: string[]; outputs: string[] } {
  if (entry) return { inputs: Object.keys(entry.inputs), outputs: Object.keys(entry.outputs) };
  const names = (end: "from" | "to") => [
    ...new Set(graph.edges.filter((edge) => edge[end][0] === id).map((edge) => edge[end][1])),
  ];
  return { inputs: names("to"), outputs: names("from") };
}

/** How large a node's card, a note, or a port of the block that is drawn is at zoom 1. */
export function nodeSize(graph: EditedGraph, catalog: Catalog, id: string): { width: number; height: number } {
  const [width, height] = graph.view.notes?.[id]?.size ?? [];
  if (width !== undefined && height !== undefined) return { width, height };
  const node = graph.nodes[id];
  if (!node) return terminalSize;
  const entry = catalog[node.type];
  const ports = { ...portsOf(graph, id, entry), figure: figureOf(entry) !== undefined };
  return { width: card.width, height: cardHeight(ports) };
}

/** A tidy drawing of a graph, from left to right. */
export function tidyLayout(graph: EditedGraph, catalog: Catalog): Layout {
  const nodes = Object.entries(graph.nodes).map(([id, { type }]): LayoutNode => {
    const ports = { ...portsOf(graph, id, catalog[type]), figure: figureOf(catalog[type]) !== undefined };
    const offsets = (direction: "input" | "output", names: string[]) =>
      Object.fromEntries(names.map((port) => [port, portOffset(ports, direction, port)]));
    return {
      id,
      head: card.header / 2,
      width: card.width,
      height: cardHeight(ports),
      inputs: offsets("input", ports.inputs),
      outputs: offsets("output", ports.outputs),
    };
  });
  const terminals = terminalsOf(graph).map(({ id, kind, port }): LayoutNode => {
    const middle = { [port]: terminalSize.height / 2 };
    return { id, ...terminalSize, inputs: kind === "output" ? middle : {}, outputs: kind === "input" ? middle : {} };
  });
  const edges = graph.edges.map(({ from, to }) => ({
    from: [drawnId(from), from[1]] as const,
    to: [drawnId(to), to[1]] as const,
  }));
  const gaps = terminals.length > 0 ? { x: 96, y: 28 } : { x: 84, y: 36 };
  const inOrder = [...terminals.filter(({ outputs }) => Object.keys(outputs).length > 0), ...nodes];
  return layout([...inOrder, ...terminals.filter((each) => !inOrder.includes(each))], edges, gaps);
}

/** Places for all nodes of a graph, from left to right. */
export function tidyPositions(graph: EditedGraph, catalog: Catalog): Record<string, Position> {
  return tidyLayout(graph, catalog).positions;
}

const placed = new WeakMap<object, EditedGraph>();

/** The same graph with a place for every node: those that have none are put where a tidy drawing has them. */
export function placeAll<G extends EditedGraph>(graph: G, catalog: Catalog): G {
  const ids = [...Object.keys(graph.nodes), ...terminalsOf(graph).map(({ id }) => id)];
  const missing = ids.filter((id) => !graph.view.positions[id]);
  if (missing.length === 0) return graph;
  const known = placed.get(graph);
  if (known) return known as G;
  const tidy = tidyPositions(graph, catalog);
  const all = missing.length === ids.length ? ids : missing;
  const added = Object.fromEntries(all.map((id) => [id, tidy[id]!]));
  const whole = { ...graph, view: { ...graph.view, positions: { ...graph.view.positions, ...added } } };
  placed.set(graph, whole);
  return whole;
}
