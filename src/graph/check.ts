import { z } from "zod";
import type { Catalog, CatalogEntry } from "../core/catalog.ts";
import { type ErrorReport, reportOf } from "../core/errors.ts";
import type { SlotSpec } from "../core/misfit.ts";
import { type Filling, misfit } from "../core/misfit.ts";
import {
  type GraphBlock,
  type GraphBlocks,
  type GraphEdge,
  type GraphNode,
  graphInputs,
  graphOutputs,
  inputsOf,
} from "./graph.ts";
import { catalogWith, graphBlock, nestingProblem, resolvedGraph } from "./graphBlock.ts";
import { inputNeeds } from "./neededInputs.ts";
import { ancestors, topologicalOrder } from "./order.ts";
import { withoutSkipped } from "./skipped.ts";
import { type PortsAt, portsIn, type SolvableGraph, solveShapes } from "./solve.ts";

/** Something wrong with a graph, and where: at a node or on an edge, of the graph itself or of one of its own blocks. */
export interface Problem extends ErrorReport {
  node?: string;
  /** Index of the edge in the graph. */
  edge?: number;
  /** Name of the pipeline's own block that it is in. */
  inside?: string;
}

/** A graph with blocks of its own: a pipeline. */
export type GraphWithBlocks = SolvableGraph & { blocks?: GraphBlocks };

/** Everything that is wrong with a graph and its own blocks, in the order a person would mend it. Empty when it can be compiled. */
export function checkPipeline(graph: GraphWithBlocks, library: Catalog): Problem[] {
  const blocks = graph.blocks ?? {};
  const taken = Object.keys(blocks).find((name) => Object.hasOwn(library, name));
  if (taken) {
    const message = `the block "${taken}" of this pipeline has the name of a block of the library`;
    return [{ code: "CONFLICT", message, inside: taken, fix: "rename it" }];
  }
  const nesting = nestingProblem(blocks);
  if (nesting) return [{ ...nesting, inside: nesting.block }];
  const unreadable = Object.entries(blocks).flatMap(([name, block]) => problemsReading(name, block));
  if (unreadable.length > 0) return unreadable;
  const catalog = catalogWith(library, blocks);
  const inside = Object.entries(blocks).flatMap(([name, block]) =>
    [...checkKinds(block, catalog), ...checkGraph(resolvedGraph(block), catalog, blocks)].map((problem) => ({
      ...problem,
      inside: name,
      message: `in the block "${name}": ${problem.message}`,
    })),
  );
  return [...inside, ...checkGraph(graph, catalog, blocks)];
}

/** What keeps a block from being read at all: the shape of a port, or a field that a node names. */
function problemsReading(name: string, block: GraphBlock): Problem[] {
  try {
    graphBlock(name, block, () => undefined);
    resolvedGraph(block);
    return [];
  } catch (error) {
    const { code, message, fix } = reportOf(error);
    return [{ code, inside: name, message: `in the block "${name}": ${message}`, ...(fix ? { fix } : {}) }];
  }
}

/** Nodes that only a pipeline can have: a block is code over tensors. */
function checkKinds({ nodes }: GraphBlock, catalog: Catalog): Problem[] {
  return Object.entries(nodes).flatMap(([node, { type }]): Problem[] => {
    const kind = catalog[type]?.kind;
    if (kind !== "source" && kind !== "action") return [];
    const message = `"${node}" is ${kind === "source" ? "a source of data" : "an action"}, which a block cannot hold`;
    return [{ code: "INVALID_PIPELINE", node, message, fix: "put it into the pipeline, and give the block an input" }];
  });
}

/**
 * Everything that is wrong with one graph, whose blocks are all in the catalog.
 * @param blocks those of them that are graphs
 */
export function checkGraph(whole: SolvableGraph, catalog: Catalog, blocks: GraphBlocks = {}): Problem[] {
  const { graph, origins, gaps } = withoutSkipped(whole, (type) => catalog[type]);
  const ports = portsIn(graph, catalog);
  const problems = [...checkIds(whole), ...checkNodes(graph, catalog), ...gaps.map(gapProblem)];
  for (const problem of checkEdges(graph, ports)) problems.push({ ...problem, edge: origins[problem.edge!]! });
  const { cycle } = topologicalOrder(whole);
  if (cycle) problems.push(cycleProblem(cycle));
  for (const [edge, report] of solveShapes(graph, catalog).conflicts)
    problems.push({ ...report, edge: origins[edge]!, node: report.block! });
  problems.push(
    ...checkRequired(
      graph,
      whole,
      ports,
      inputNeeds((type) => catalog[type], blocks),
    ),
  );
  return problems;
}

function gapProblem({ node, port }: { node: string; port: string }): Problem {
  const message = `"${node}" cannot be bypassed: no connected input has the type and shape of its output "${port}"`;
  return { code: "SHAPE_MISMATCH", node, message, fix: "mute it, or connect what follows it to another node" };
}

/**
 * Whether an edge may be added, and if not, why: the first of the reasons that hold. The same answer colours the port
 * under the mouse, refuses the drop, and refuses the file.
 */
export function checkConnection(graph: GraphWithBlocks, edge: GraphEdge, library: Catalog): Problem | undefined {
  const catalog = catalogWith(library, graph.blocks ?? {});
  const grown = { ...graph, edges: [...graph.edges, edge] };
  const index = graph.edges.length;
  const problem = checkEdges(grown, portsIn(grown, catalog)).find((found) => found.edge === index);
  if (problem) return problem;
  const before = ancestors(graph.edges, [edge.from[0]]);
  if (before.has(edge.to[0])) {
    const { cycle } = topologicalOrder({ ...grown, edges: grown.edges.filter(({ to }) => before.has(to[0])) });
    return { ...cycleProblem(cycle!), edge: index };
  }
  const report = solveShapes(grown, catalog).conflicts.get(index);
  return report ? { ...report, edge: index, node: edge.to[0] } : undefined;
}

/** Schemas by entry: making one takes longer than using it, and a pipeline is checked at every change. */
const schemas = new WeakMap<CatalogEntry, z.ZodType>();

function schemaOf(entry: CatalogEntry): z.ZodType {
  const known = schemas.get(entry);
  if (known) return known;
  const schema = z.fromJSONSchema(entry.config as Parameters<typeof z.fromJSONSchema>[0]);
  schemas.set(entry, schema);
  return schema;
}

/** Entries without the fields that a block around a slot gives, by entry and fields. */
const reduced = new WeakMap<CatalogEntry, Map<string, CatalogEntry>>();

/** The entry of a block in a slot: without the fields that the block around gives. */
function withoutGiven(entry: CatalogEntry, given: readonly string[]): CatalogEntry {
  const all = reduced.get(entry) ?? new Map<string, CatalogEntry>();
  reduced.set(entry, all);
  const key = given.join();
  const known = all.get(key);
  if (known) return known;
  const properties = Object.entries(entry.config.properties ?? {}).filter(([field]) => !given.includes(field));
  const required = ((entry.config.required as string[] | undefined) ?? []).filter((field) => !given.includes(field));
  const made = { ...entry, config: { ...entry.config, properties: Object.fromEntries(properties), required } };
  all.set(key, made);
  return made;
}

/** Checks a configuration against the catalog's JSON Schema, and what is in its slots, and says what field is wrong. */
export function checkConfig(
  entry: CatalogEntry,
  config: Record<string, unknown>,
  catalog: Catalog,
): ErrorReport | undefined {
  const result = schemaOf(entry).safeParse(config);
  if (!result.success) return configProblem(entry, result.error.issues[0]!);
  for (const [field, schema] of Object.entries(entry.config.properties ?? {})) {
    const spec = schema.slot as SlotSpec | undefined;
    const value = config[field] as { type: string; config?: Record<string, unknown> } | null | undefined;
    const problem = spec && value && checkSlot(entry, field, spec, value, catalog);
    if (problem) return problem;
  }
  return undefined;
}

/** What was found of configurations without slots, which are data that never changes: an edit checks the one that is new. */
const checked = new WeakMap<CatalogEntry, WeakMap<object, { wrong: ErrorReport | undefined }>>();

function checkKnownConfig(entry: CatalogEntry, config: GraphNode["config"], catalog: Catalog): ErrorReport | undefined {
  if (Object.values(entry.config.properties ?? {}).some(({ slot }) => slot)) return checkConfig(entry, config, catalog);
  const all = checked.get(entry) ?? new WeakMap<object, { wrong: ErrorReport | undefined }>();
  checked.set(entry, all);
  const known = all.get(config);
  if (known) return known.wrong;
  const wrong = checkConfig(entry, config, catalog);
  all.set(config, { wrong });
  return wrong;
}

function configProblem(entry: CatalogEntry, issue: z.core.$ZodIssue): ErrorReport {
  const field = issue.path.join(".");
  const message = field ? `config.${field} of ${entry.name}: ${issue.message}` : `${entry.name}: ${issue.message}`;
  const fields = Object.keys(entry.config.properties ?? {}).join(", ") || "none";
  const fix =
    issue.code === "unrecognized_keys" ? `use only these fields: ${fields}` : `change ${field || "the configuration"}`;
  const at = field || (issue.code === "unrecognized_keys" ? issue.keys[0] : undefined);
  return { code: "INVALID_CONFIG", block: entry.name, message, fix, ...(at ? { field: at } : {}) };
}

function checkSlot(
  entry: CatalogEntry,
  field: string,
  spec: SlotSpec,
  { type, config = {} }: { type: string; config?: Record<string, unknown> },
  catalog: Catalog,
): ErrorReport | undefined {
  const where = `config.${field} of ${entry.name}`;
  const filling = Object.hasOwn(catalog, type) ? catalog[type]! : undefined;
  if (!filling) {
    const fix = `choose one of: ${fillings(spec, catalog).join(", ")}`;
    return {
      code: "UNKNOWN_BLOCK",
      block: entry.name,
      field,
      message: `${where} names the block "${type}", which does not exist`,
      fix,
    };
  }
  const reason = misfit(spec, fillingOf(filling));
  if (reason) {
    const fix = `choose one of: ${fillings(spec, catalog).join(", ")}`;
    const message = `${where}: ${type} does not fit: it ${reason}`;
    return { code: "SLOT_MISMATCH", block: entry.name, field, message, fix };
  }
  const problem = checkConfig(withoutGiven(filling, spec.given), config, catalog);
  const at = problem?.field === undefined ? field : `${field}.${problem.field}`;
  return problem && { ...problem, field: at, message: `${where}: ${problem.message}` };
}

function fillingOf({ inputs, outputs, config }: CatalogEntry): Filling {
  return { inputs, outputs, fields: Object.keys(config.properties ?? {}) };
}

/** The blocks that fit a slot. */
export function fillings(spec: SlotSpec, catalog: Catalog): string[] {
  return Object.values(catalog)
    .filter((entry) => (entry.kind === "primitive" || entry.kind === "composite") && !misfit(spec, fillingOf(entry)))
    .map(({ name }) => name);
}

function checkNodes(graph: SolvableGraph, catalog: Catalog): Problem[] {
  const problems: Problem[] = [];
  for (const [node, { type, config }] of Object.entries(graph.nodes)) {
    const entry = catalog[type];
    if (!entry) {
      const message = `node "${node}" is of type "${type}", which does not exist here`;
      const fix = `use one of: ${Object.keys(catalog).join(", ")}`;
      problems.push({ code: "UNKNOWN_BLOCK", node, message, fix, actual: type });
      continue;
    }
    const wrong = checkKnownConfig(entry, config, catalog);
    if (wrong) problems.push({ ...wrong, node, message: `node "${node}": ${wrong.message}` });
  }
  return problems;
}

/** Problems of ids: reserved ids, ids that would give two weights the same name, and nodes that share weights with no suitable node. */
function checkIds({ nodes }: SolvableGraph): Problem[] {
  const problems: Problem[] = [];
  for (const [node, { shares, type, config, frozen, pretrained }] of Object.entries(nodes)) {
    if (node.split(".")[0] === graphInputs || node.split(".")[0] === graphOutputs)
      problems.push({
        code: "CONFLICT",
        node,
        message: `"${node}" is the name of ports of a graph, so no node may have this id`,
        fix: "rename it",
      });
    for (let end = node.indexOf("."); end >= 0; end = node.indexOf(".", end + 1)) {
      const around = node.slice(0, end);
      if (!Object.hasOwn(nodes, around)) continue;
      const message = `"${node}" and "${around}" are both nodes, so that their weights could have the same names`;
      problems.push({ code: "CONFLICT", node, message, fix: "rename one of them" });
    }
    if (shares === undefined) continue;
    const owner = Object.hasOwn(nodes, shares) ? nodes[shares] : undefined;
    const same =
      owner &&
      JSON.stringify([owner.config, owner.frozen, owner.pretrained]) === JSON.stringify([config, frozen, pretrained]);
    const isThere = owner?.skip === undefined || nodes[node]!.skip !== undefined;
    if (owner && owner.type === type && owner.shares === undefined && same && isThere) continue;
    const message = !isThere
      ? `"${node}" shares the weights of "${shares}", which is left out of what is computed`
      : owner
        ? `"${node}" (${type}) shares the weights of "${shares}" (${owner.type}), which is no such block of the same configuration with weights of its own`
        : `"${node}" shares the weights of "${shares}", which does not exist`;
    problems.push({ code: "NOT_FOUND", node, message, fix: "name a node of the same type that shares with none" });
  }
  return problems;
}

function checkEdges(graph: SolvableGraph, ports: PortsAt): Problem[] {
  const problems: Problem[] = [];
  const taken = new Map<string, string>();
  graph.edges.forEach((edge, index) => {
    const problem = checkEnds(graph, edge, ports) ?? checkOccupied(edge, taken);
    if (problem) problems.push({ ...problem, edge: index });
    else taken.set(edge.to.join("."), edge.from.join("."));
  });
  return problems;
}

function checkEnds(graph: SolvableGraph, edge: GraphEdge, ports: PortsAt): Problem | undefined {
  if (edge.from[0] === edge.to[0]) {
    const fix = "connect it to another node";
    return { code: "SELF_CONNECTION", node: edge.to[0], message: `"${edge.to[0]}" is connected to itself`, fix };
  }
  for (const [[id, port], direction] of [
    [edge.from, "outputs"],
    [edge.to, "inputs"],
  ] as const) {
    const known = ports(id, direction);
    if (!known && !graph.nodes[id]) {
      const fix = "remove the edge, or add the node";
      return { code: "NOT_FOUND", message: `an edge ends at node "${id}", which does not exist`, fix };
    }
    if (!known || known[port]) continue;
    const message = `"${id}"${typeOf(graph, id)} has no ${direction.slice(0, -1)} "${port}"`;
    const fix = `use one of: ${Object.keys(known).join(", ") || "none"}`;
    return { code: "UNKNOWN_PORT", node: id, port, message, fix };
  }
  return checkDType(edge, ports);
}

function typeOf(graph: SolvableGraph, id: string): string {
  const node = graph.nodes[id];
  return node ? ` (${node.type})` : "";
}

function checkDType(edge: GraphEdge, ports: PortsAt): Problem | undefined {
  const output = ports(edge.from[0], "outputs")?.[edge.from[1]];
  const input = ports(edge.to[0], "inputs")?.[edge.to[1]];
  if (!output || !input || output.dtype === input.dtype) return undefined;
  const message = `input "${edge.to[1]}" of "${edge.to[0]}" takes ${input.dtype}, but output "${edge.from[1]}" of "${edge.from[0]}" gives ${output.dtype}`;
  const fix = `connect an output of ${input.dtype} to it`;
  return {
    code: "DTYPE_MISMATCH",
    node: edge.to[0],
    port: edge.to[1],
    message,
    expected: input.dtype,
    actual: output.dtype,
    fix,
  };
}

function checkOccupied(edge: GraphEdge, taken: Map<string, string>): Problem | undefined {
  const other = taken.get(edge.to.join("."));
  if (other === undefined) return undefined;
  const [node, port] = edge.to;
  if (other === edge.from.join(".")) {
    return {
      code: "DUPLICATE_EDGE",
      node,
      port,
      message: `"${other}" is connected to "${edge.to.join(".")}" already`,
      fix: "remove one of the two edges",
    };
  }
  const message = `input "${port}" of "${node}" is connected to "${other}" already`;
  return { code: "PORT_OCCUPIED", node, port, message, fix: "remove that edge first" };
}

function checkRequired(
  graph: SolvableGraph,
  whole: SolvableGraph,
  ports: PortsAt,
  needsOf: ReturnType<typeof inputNeeds>,
): Problem[] {
  const connected = new Set(graph.edges.map((edge) => edge.to.join(" ")));
  const problems: Problem[] = [];
  const ids = [...Object.keys(graph.nodes), ...(graph.outputs ? [graphOutputs] : [])];
  for (const node of ids) {
    const needs = graph.nodes[node] && needsOf(graph.nodes[node]);
    for (const [port, spec] of Object.entries(ports(node, "inputs") ?? {})) {
      const isNeeded = !spec.optional || needs?.has(port);
      if (!isNeeded || connected.has(`${node} ${port}`)) continue;
      const because = spec.optional ? `, and a block inside "${node}" needs it` : "";
      const message =
        node === graphOutputs
          ? `output "${port}" of the block is not connected`
          : `input "${port}" of "${node}" is not connected${because}`;
      const left = inputsOf(whole, node)[port]?.node;
      if (left !== undefined) {
        const reason = `${message}: "${left}", which is connected to it, is left out of what is computed`;
        problems.push({ code: "MISSING_INPUT", node, port, message: reason, fix: `compute "${left}" again` });
        continue;
      }
      const fix = spec.doc ? `connect to it: ${spec.doc}` : "connect an output to it";
      problems.push({ code: "MISSING_INPUT", node, port, message, fix });
    }
  }
  return problems;
}

function cycleProblem(cycle: string[]): Problem {
  const message = `the edges form a cycle: ${cycle.join(" → ")}`;
  return { code: "CYCLE", node: cycle[0]!, message, fix: "remove one of these edges" };
}
