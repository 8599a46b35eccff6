import type { CatalogEntry } from "../../../src/core/catalog.ts";
import { type LayoutNode, layout } from "../../../src/figures/layout.ts";
import type { Position } from "../../../src/graph/edit.ts";
import type { Pipeline } from "../../../src/pipeline/schema.ts";
import { card, cardHeight, portOffset } from "./cardSize.ts";
import { figureOf } from "./figure.ts";

/** The names of a node's ports. An unknown node has those that its wires end at, so that it keeps them. */
export function portsOf(
  pipeline: Pick<Pipeline, "edges">,
  id: string,
  entry: CatalogEntry | undefined,
): { inputs: string[]; outputs: string[] } {
  if (entry) return { inputs: Object.keys(entry.inputs), outputs: Object.keys(entry.outputs) };
  const names = (end: "from" | "to") => [
    ...new Set(pipeline.edges.filter((edge) => edge[end][0] === id).map((edge) => edge[end][1])),
  ];
  return { inputs: names("to"), outputs: names("from") };
}

/** Places for all nodes of a pipeline, from left to right. */
export function tidyPositions(pipeline: Pipeline, catalog: Record<string, CatalogEntry>): Record<string, Position> {
  const nodes = Object.entries(pipeline.nodes).map(([id, { type }]): LayoutNode => {
    const ports = { ...portsOf(pipeline, id, catalog[type]), figure: figureOf(catalog[type]) !== undefined };
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
  return layout(nodes, pipeline.edges, { x: 84, y: 36 }).positions;
}

/** The same pipeline with a place for every node: those that have none are put where a tidy drawing has them. */
export function placeAll(pipeline: Pipeline, catalog: Record<string, CatalogEntry>): Pipeline {
  const missing = Object.keys(pipeline.nodes).filter((id) => !pipeline.view.positions[id]);
  if (missing.length === 0) return pipeline;
  const tidy = tidyPositions(pipeline, catalog);
  const all = missing.length === Object.keys(pipeline.nodes).length ? Object.keys(pipeline.nodes) : missing;
  const added = Object.fromEntries(all.map((id) => [id, tidy[id]!]));
  return { ...pipeline, view: { positions: { ...pipeline.view.positions, ...added } } };
}
