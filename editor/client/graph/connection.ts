import type { Catalog, CatalogEntry } from "../../../src/core/catalog.ts";
import { checkConnection, type Problem } from "../../../src/graph/check.ts";
import { connectFitting } from "../../../src/graph/edit/connectFitting.ts";
import type { EditedGraph } from "../../../src/graph/edit/place.ts";
import type { GraphEdge, GraphNode } from "../../../src/graph/graph.ts";
import { drawnId, graphId, terminalsOf } from "./terminals.ts";

/** One end of a wire that is being drawn. */
export interface LooseEnd {
  node: string;
  port: string;
  direction: "input" | "output";
}

/** The wire between a loose end and a port of the other direction. */
export function wireBetween(end: LooseEnd, node: string, port: string): GraphEdge {
  return end.direction === "output"
    ? { from: [end.node, end.port], to: [node, port] }
    : { from: [node, port], to: [end.node, end.port] };
}

/** What speaks against wiring the loose end to each port of the other direction, by the drawn node's id and the port; undefined: nothing. */
export function judgePorts(graph: EditedGraph, catalog: Catalog, end: LooseEnd): Map<string, Problem | undefined> {
  const verdicts = new Map<string, Problem | undefined>();
  const other = end.direction === "output" ? "inputs" : "outputs";
  const judge = (node: string, port: string) => {
    const wire = wireBetween(end, node, port);
    const refused = checkConnection(graph, wire, catalog);
    const fits = !refused || connectFitting(graph, catalog, wire) !== undefined;
    verdicts.set(portKey(drawnId([node, port]), port), fits ? undefined : refused);
  };
  for (const [node, { type }] of Object.entries(graph.nodes))
    for (const port of Object.keys(catalog[type]?.[other] ?? {})) judge(node, port);
  for (const { id, kind, port } of terminalsOf(graph))
    if ((kind === "input") === (end.direction === "input")) judge(graphId(id), port);
  return verdicts;
}

/** A port among all of a drawing. */
export function portKey(drawnNode: string, port: string): string {
  return `${drawnNode} ${port}`;
}

/**
 * Blocks that a loose end could be wired to if they were added, each with the first port that fits.
 * @param make what a new node of a type looks like
 */
export function fittingBlocks(
  graph: EditedGraph,
  catalog: Catalog,
  end: LooseEnd,
  make: (type: string) => GraphNode,
): { type: string; port: string }[] {
  const other = end.direction === "output" ? "inputs" : "outputs";
  return offeredBlocks(graph, catalog).flatMap((entry) => {
    const grown = { ...graph, nodes: { ...graph.nodes, [candidate]: make(entry.name) } };
    const port = Object.keys(entry[other]).find((name) =>
      connectFitting(grown, catalog, wireBetween(end, candidate, name)),
    );
    return port ? [{ type: entry.name, port }] : [];
  });
}

/** What can be added to a graph: data and actions only to a pipeline, and no block that was made for one place. */
export function offeredBlocks(graph: EditedGraph, catalog: Catalog): CatalogEntry[] {
  const isInside = graph.inputs !== undefined;
  return Object.values(catalog).filter(
    ({ kind, local }) => !local && (!isInside || kind === "primitive" || kind === "composite"),
  );
}

/** An id that no pipeline has: ids start with a small letter. */
const candidate = "__candidate";
