import type { Catalog } from "../../../src/core/catalog.ts";
import { checkConnection, type Problem } from "../../../src/graph/check.ts";
import type { GraphEdge } from "../../../src/graph/graph.ts";
import type { Pipeline } from "../../../src/pipeline/schema.ts";

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

/** What speaks against wiring the loose end to each port of the other direction, by `node.port`; undefined: nothing. */
export function judgePorts(pipeline: Pipeline, catalog: Catalog, end: LooseEnd): Map<string, Problem | undefined> {
  const verdicts = new Map<string, Problem | undefined>();
  const other = end.direction === "output" ? "inputs" : "outputs";
  for (const [node, { type }] of Object.entries(pipeline.nodes))
    for (const port of Object.keys(catalog[type]?.[other] ?? {}))
      verdicts.set(`${node}.${port}`, checkConnection(pipeline, wireBetween(end, node, port), catalog));
  return verdicts;
}

/**
 * Blocks that a loose end could be wired to if they were added, each with the first port that fits.
 * @param make what a new node of a type looks like
 */
export function fittingBlocks(
  pipeline: Pipeline,
  catalog: Catalog,
  end: LooseEnd,
  make: (type: string) => Pipeline["nodes"][string],
): { type: string; port: string }[] {
  const other = end.direction === "output" ? "inputs" : "outputs";
  return Object.values(catalog).flatMap((entry) => {
    const grown = { ...pipeline, nodes: { ...pipeline.nodes, [candidate]: make(entry.name) } };
    const port = Object.keys(entry[other]).find(
      (name) => !checkConnection(grown, wireBetween(end, candidate, name), catalog),
    );
    return port ? [{ type: entry.name, port }] : [];
  });
}

/** An id that no pipeline has: ids start with a small letter. */
const candidate = "__candidate";
