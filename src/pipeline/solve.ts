import type { Catalog, CatalogEntry } from "../core/catalog.ts";
import type { ErrorReport } from "../core/errors.ts";
import type { SolvedShape } from "../core/shape.ts";
import { ShapeSolver } from "../core/solver.ts";
import type { Pipeline, PipelineEdge, PipelineNode } from "./schema.ts";

/** The shapes on every port of every node, as far as they are known, and which wires disagree. */
export interface Solution {
  /** By node id, then by port. */
  inputs: Record<string, Record<string, SolvedShape>>;
  outputs: Record<string, Record<string, SolvedShape>>;
  /** By the edge's index in the pipeline. */
  conflicts: Map<number, ErrorReport>;
}

/** A node's configuration with the catalog's defaults filled in. */
export function fullConfig(node: PipelineNode, entry: CatalogEntry): Record<string, unknown> {
  return { ...entry.defaults, ...node.config };
}

/** Solves the named shapes of a whole pipeline. Unknown nodes and ports are passed over: `checkPipeline` names them. */
export function solveShapes(pipeline: Pipeline, catalog: Catalog): Solution {
  const solver = new ShapeSolver();
  const conflicts = new Map<number, ErrorReport>();
  const known = Object.entries(pipeline.nodes).filter(([, node]) => catalog[node.type]);
  for (const [id, node] of known) {
    const label = node.label ?? id;
    for (const [key, value] of Object.entries(fullConfig(node, catalog[node.type]!)))
      if (typeof value === "number") solver.define(id, key, value, `config.${key} of "${label}"`);
  }
  pipeline.edges.forEach((edge, index) => {
    const conflict = equate(solver, pipeline, catalog, edge);
    if (conflict) conflicts.set(index, conflict);
  });
  const solution: Solution = { inputs: {}, outputs: {}, conflicts };
  for (const [id, node] of known) {
    const entry = catalog[node.type]!;
    solution.inputs[id] = resolveAll(solver, id, entry.inputs);
    solution.outputs[id] = resolveAll(solver, id, entry.outputs);
  }
  return solution;
}

function resolveAll(solver: ShapeSolver, scope: string, ports: CatalogEntry["inputs"]): Record<string, SolvedShape> {
  return Object.fromEntries(Object.entries(ports).map(([port, spec]) => [port, solver.resolve(scope, spec.shape)]));
}

function equate(
  solver: ShapeSolver,
  pipeline: Pipeline,
  catalog: Catalog,
  edge: PipelineEdge,
): ErrorReport | undefined {
  const [fromId, fromPort] = edge.from;
  const [toId, toPort] = edge.to;
  const from = pipeline.nodes[fromId];
  const to = pipeline.nodes[toId];
  const output = from && catalog[from.type]?.outputs[fromPort];
  const input = to && catalog[to.type]?.inputs[toPort];
  if (!from || !to || !output || !input) return undefined;
  const conflict = solver.equate(
    { scope: fromId, shape: output.shape, label: `output "${fromPort}" of "${from.label ?? fromId}"` },
    { scope: toId, shape: input.shape, label: `input "${toPort}" of "${to.label ?? toId}"` },
  );
  if (!conflict) return undefined;
  const { message, expected, actual, fix } = conflict;
  return { code: "SHAPE_MISMATCH", block: toId, port: toPort, message, expected, actual, fix };
}
