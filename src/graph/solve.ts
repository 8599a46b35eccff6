import type { Catalog, CatalogEntry } from "../core/catalog.ts";
import type { ErrorReport } from "../core/errors.ts";
import type { SlotSpec } from "../core/misfit.ts";
import type { Ports } from "../core/port.ts";
import { evaluateDim, isEllipsis, namesIn, parseShape, type SolvedShape } from "../core/shape.ts";
import { ShapeSolver } from "../core/solver.ts";
import { type Graph, type GraphBlock, type GraphEdge, type GraphNode, graphInputs, graphOutputs } from "./graph.ts";

/** The shapes on every port of every node, as far as they are known, and which edges disagree. */
export interface Solution {
  /** By node id, then by port. The ports of the graph itself are under `inputs` and `outputs`. */
  inputs: Record<string, Record<string, SolvedShape>>;
  outputs: Record<string, Record<string, SolvedShape>>;
  /** By the edge's index in the graph. */
  conflicts: Map<number, ErrorReport>;
}

/** A graph that may have ports of its own: a pipeline, or a block that is a graph. */
export type SolvableGraph = Graph & Partial<Pick<GraphBlock, "inputs" | "outputs" | "config">>;

/** A node's configuration with the catalog's defaults filled in. */
export function fullConfig(node: Pick<GraphNode, "config">, entry: CatalogEntry): Record<string, unknown> {
  return { ...entry.defaults, ...node.config };
}

/**
 * Solves the named shapes of a whole graph. Unknown nodes and ports are passed over: `checkGraph` names them.
 * @param given shapes of the graph's own inputs, as far as they are known
 */
export function solveShapes(
  graph: SolvableGraph,
  catalog: Catalog,
  given: Readonly<Record<string, SolvedShape>> = {},
): Solution {
  const solver = new ShapeSolver();
  const conflicts = new Map<number, ErrorReport>();
  const known = Object.entries(graph.nodes).filter(([, node]) => catalog[node.type]);
  for (const [id, node] of known) {
    const label = node.label ?? id;
    for (const [key, value] of Object.entries(fullConfig(node, catalog[node.type]!)))
      if (typeof value === "number") solver.define(id, key, value, `config.${key} of "${label}"`);
    for (const [name, size, field] of sizesFromSlots(node, catalog))
      solver.define(id, name, size, `config.${field} of "${label}"`);
  }
  for (const [key, value] of Object.entries(graph.config ?? {}))
    if (typeof value === "number") solver.define(boundary, key, value, `config.${key} of the block`);
  const ends = portsIn(graph, catalog);
  for (const [port, { shape }] of Object.entries(ends(graphInputs, "outputs") ?? {}))
    if (given[port])
      solver.equate(
        { scope: " given", shape: given[port], label: "the given shape" },
        { scope: boundary, shape, label: `input "${port}" of the block` },
      );
  graph.edges.forEach((edge, index) => {
    const conflict = equate(solver, graph, ends, edge);
    if (conflict) conflicts.set(index, conflict);
  });
  const solution: Solution = { inputs: {}, outputs: {}, conflicts };
  for (const [id, node] of known) {
    const entry = catalog[node.type]!;
    solution.inputs[id] = resolveAll(solver, id, entry.inputs);
    solution.outputs[id] = resolveAll(solver, id, entry.outputs);
  }
  if (graph.inputs) solution.outputs[graphInputs] = resolveAll(solver, boundary, ends(graphInputs, "outputs")!);
  if (graph.outputs) solution.inputs[graphOutputs] = resolveAll(solver, boundary, ends(graphOutputs, "inputs")!);
  return solution;
}

/**
 * The sizes at a node's outputs that only the block in a slot knows: the tokens of a Flamingo are those of its language model. They are
 * names that stand at the outputs of slot and node alone.
 */
function sizesFromSlots(
  node: Pick<GraphNode, "type" | "config">,
  catalog: Catalog,
): [name: string, size: number, field: string][] {
  const entry = catalog[node.type]!;
  if (!Object.values(entry.config.properties ?? {}).some(({ slot }) => slot)) return [];
  const config = fullConfig(node, entry);
  const read = new Set(Object.values(entry.inputs).flatMap(({ shape }) => shape.flatMap(namesIn)));
  const open = new Set(Object.values(entry.outputs).flatMap(({ shape }) => shape.flatMap(namesIn)));
  return Object.entries(entry.config.properties ?? {}).flatMap(([field, { slot }]) => {
    const filling = config[field] as Partial<GraphNode> | null | undefined;
    const inner = slot && filling?.type ? catalog[filling.type] : undefined;
    if (!inner) return [];
    const sizes: Record<string, unknown> = { ...config, ...inner.defaults, ...filling!.config };
    const sizeOf = (name: string) => (typeof sizes[name] === "number" ? sizes[name] : undefined);
    return Object.entries((slot as SlotSpec).outputs).flatMap(([port, { shape }]) =>
      shape.flatMap((dim, axis): [string, number, string][] => {
        const found = inner.outputs[port]?.shape[axis];
        if (typeof dim !== "string" || !open.has(dim) || read.has(dim) || dim in config || found === undefined)
          return [];
        const size = isEllipsis(found) ? undefined : evaluateDim(found, sizeOf);
        return size === undefined ? [] : [[dim, size, field]];
      }),
    );
  });
}

/** The scope of the names in the graph's own ports. */
const boundary = " graph";

/** The ports at a node; the graph's inputs are outputs of the node `inputs`, its outputs are inputs of the node `outputs`. */
export type PortsAt = (id: string, direction: "inputs" | "outputs") => Ports | undefined;

export function portsIn(graph: SolvableGraph, catalog: Catalog): PortsAt {
  const own = (ports: GraphBlock["inputs"] | undefined): Ports | undefined =>
    ports &&
    Object.fromEntries(
      Object.entries(ports).map(([port, { shape, ...rest }]) => [port, { shape: parseShape(shape), ...rest }]),
    );
  const inputs = own(graph.inputs);
  const outputs = own(graph.outputs);
  return (id, direction) => {
    const node = graph.nodes[id];
    if (node) return catalog[node.type]?.[direction];
    if (id === graphInputs && inputs) return direction === "outputs" ? inputs : {};
    if (id === graphOutputs && outputs) return direction === "inputs" ? outputs : {};
    return undefined;
  };
}

function resolveAll(solver: ShapeSolver, scope: string, ports: Ports): Record<string, SolvedShape> {
  return Object.fromEntries(Object.entries(ports).map(([port, spec]) => [port, solver.resolve(scope, spec.shape)]));
}

function equate(solver: ShapeSolver, graph: SolvableGraph, ends: PortsAt, edge: GraphEdge): ErrorReport | undefined {
  const [fromId, fromPort] = edge.from;
  const [toId, toPort] = edge.to;
  const output = ends(fromId, "outputs")?.[fromPort];
  const input = ends(toId, "inputs")?.[toPort];
  if (!output || !input) return undefined;
  const [from, to] = [graph.nodes[fromId], graph.nodes[toId]];
  const conflict = solver.equate(
    {
      scope: from ? fromId : boundary,
      shape: output.shape,
      label: from ? `output "${fromPort}" of "${from.label ?? fromId}"` : `input "${fromPort}" of the block`,
    },
    {
      scope: to ? toId : boundary,
      shape: input.shape,
      label: to ? `input "${toPort}" of "${to.label ?? toId}"` : `output "${toPort}" of the block`,
    },
  );
  if (!conflict) return undefined;
  const { message, expected, actual, fix } = conflict;
  return { code: "SHAPE_MISMATCH", block: toId, port: toPort, message, expected, actual, fix };
}
