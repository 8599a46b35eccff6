import { z } from "zod";
import type { AnyBlock, BlockLookup, CompositeScope } from "../core/block.ts";
import { outputsByName, resultOf, type Value } from "../core/call.ts";
import { type Catalog, makeCatalog } from "../core/catalog.ts";
import { FlamingoError } from "../core/errors.ts";
import type { Ports } from "../core/port.ts";
import { findBlock } from "../core/registry.ts";
import { evaluateDim, namesIn, parseShape, renameDim } from "../core/shape.ts";
import {
  type Graph,
  type GraphBlock,
  type GraphBlocks,
  type GraphNode,
  type GraphPort,
  graphInputs,
  graphOutputs,
  inputsOf,
  optionsOf,
  typesIn,
} from "./graph.ts";
import { ancestors, topologicalOrder } from "./order.ts";
import { withoutSkipped } from "./skipped.ts";

type AnyCall = (inputs: Record<string, Value>) => unknown;

/**
 * Makes a block of a graph: its nodes are its children, under their ids, called in the order of the graph. An optional
 * input that is missing is left out at the nodes that it is connected to.
 * @param find finds the blocks of its nodes
 * @throws FlamingoError INVALID_PIPELINE if a shape of its ports cannot be read
 */
export function graphBlock(name: string, graph: GraphBlock, find: BlockLookup): AnyBlock {
  const { title = name, summary = "A block of this pipeline.", from, layer, perImage, group } = graph;
  const fields = Object.entries(graph.config).map(([field, value]) => [field, fieldOf(field, value)]);
  return {
    name,
    kind: "composite",
    title,
    category: (from && find(from)?.category) || "Tensor",
    summary,
    config: z.strictObject(Object.fromEntries(fields) as Record<string, z.ZodType>),
    inputs: portsOf(name, graph.inputs),
    outputs: portsOf(name, graph.outputs),
    example: {},
    ...(from ? { from } : {}),
    ...(layer ? { layer } : {}),
    ...(perImage ? { perImage } : {}),
    ...(group ? { group } : {}),
    build: (config: Record<string, unknown>, { child }: CompositeScope) => {
      const { graph: active } = withoutSkipped(graph, (type) => find(type) as { inputs: Ports; outputs: Ports });
      return run(active, childrenOf(name, active, config, child, find));
    },
  };
}

/** The field of a graph's configuration that has this default. */
function fieldOf(title: string, value: number | string | boolean) {
  const schema = typeof value === "number" ? z.number() : typeof value === "string" ? z.string() : z.boolean();
  return (schema as z.ZodNumber).default(value as number).meta({ title });
}

function portsOf(block: string, ports: Readonly<Record<string, GraphPort>>): Ports {
  const entries = Object.entries(ports).map(([port, { shape, ...rest }]) => {
    try {
      return [port, { shape: parseShape(shape), ...rest }];
    } catch (error) {
      throw new FlamingoError(
        "INVALID_PIPELINE",
        `port "${port}" of the block "${block}": ${(error as Error).message}`,
        {
          block,
          port,
          fix: "write the shape as names and numbers, such as `batch length 64`",
        },
      );
    }
  });
  return Object.fromEntries(entries);
}

/** The nodes that its outputs need, made, in the order in which they are called. */
function childrenOf(
  name: string,
  graph: GraphBlock,
  config: Record<string, unknown>,
  child: CompositeScope["child"],
  find: BlockLookup,
): Map<string, { call: AnyCall; outputs: string[] }> {
  const needed = ancestors(graph.edges, [graphOutputs]);
  const { order } = topologicalOrder(graph);
  const children = new Map<string, { call: AnyCall; outputs: string[] }>();
  const make = (id: string, node: GraphNode) => {
    const definition = find(node.type);
    if (!definition) {
      throw new FlamingoError(
        "UNKNOWN_BLOCK",
        `node "${id}" of "${name}" is of type "${node.type}", which does not exist`,
        {
          block: id,
          actual: node.type,
          fix: "name a block of the catalog or of this pipeline",
        },
      );
    }
    const settled = resolve(node.config, config) as never;
    const call = child(id, definition, settled, optionsOf(node)) as unknown as AnyCall;
    return { call, outputs: Object.keys(definition.outputs) };
  };
  for (const id of order) {
    const node = graph.nodes[id]!;
    if (!needed.has(id)) continue;
    const owner = node.shares ?? id;
    const made = children.get(owner) ?? make(owner, graph.nodes[owner] ?? node);
    children.set(owner, made);
    children.set(id, made);
  }
  return new Map(order.filter((id) => needed.has(id)).map((id) => [id, children.get(id)!]));
}

/** The code of a graph. */
function run(graph: GraphBlock, children: ReadonlyMap<string, { call: AnyCall; outputs: string[] }>) {
  const outputs = Object.keys(graph.outputs);
  const sources = new Map([...children.keys(), graphOutputs].map((id) => [id, Object.entries(inputsOf(graph, id))]));
  const gather = (id: string, values: ReadonlyMap<string, Record<string, Value | undefined>>) => {
    const given: Record<string, Value> = {};
    for (const [port, { node, port: from }] of sources.get(id)!) {
      const value = values.get(node)?.[from];
      if (value) given[port] = value;
    }
    return given;
  };
  return (inputs: Record<string, Value | undefined>) => {
    const values = new Map([[graphInputs, inputs]]);
    for (const [id, { call, outputs: ports }] of children) {
      const result = call(gather(id, values));
      values.set(id, outputsByName(ports, result));
    }
    const results = gather(graphOutputs, values);
    return resultOf(outputs, results) as never;
  };
}

/** A configuration with the fields of the graph in place of their names: `"$dim"`, or arithmetic such as `"$heads*headDim"`. */
function resolve(value: unknown, config: Record<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((each) => resolve(each, config));
  if (value !== null && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolve(each, config)]));
  if (typeof value !== "string" || !value.startsWith("$")) return value;
  const text = value.slice(1);
  if (Object.hasOwn(config, text)) return config[text];
  const unknown = namesIn(text).find((name) => !Object.hasOwn(config, name));
  const refuse = (finding: string) =>
    new FlamingoError("INVALID_CONFIG", `"${value}" ${finding}`, {
      actual: value,
      fix: `use a field of the block, such as "$dim": it has ${Object.keys(config).join(", ") || "none"}`,
    });
  if (unknown !== undefined) throw refuse(`names a field "${unknown}" that the block does not have`);
  if (namesIn(text).some((name) => isField(config[name])))
    return `$${renameDim(text, (name) => (isField(config[name]) ? `(${config[name].slice(1)})` : `${config[name]}`))}`;
  try {
    return evaluateDim(text, (name) => config[name] as number);
  } catch {
    throw refuse("is no field and no arithmetic over fields");
  }
}

/** Whether a value names a field of the block around. */
function isField(value: unknown): value is string {
  return typeof value === "string" && value.startsWith("$");
}

/** A configuration with values in place of the fields of the block around. @throws FlamingoError INVALID_CONFIG for a field that it lacks */
export function resolvedConfig(config: GraphNode["config"], fields: Record<string, unknown>): GraphNode["config"] {
  return resolve(config, fields) as GraphNode["config"];
}

/** A block's graph with the values of its fields in place of their names: their defaults, or those of a configuration. */
export function resolvedGraph(graph: GraphBlock, config: Record<string, unknown> = {}): GraphBlock {
  const fields = { ...graph.config, ...config };
  const nodes = Object.entries(graph.nodes).map(([id, node]) => [
    id,
    { ...node, config: resolve(node.config, fields) as GraphNode["config"] },
  ]);
  return { ...graph, nodes: Object.fromEntries(nodes) };
}

/**
 * Finds a pipeline's own blocks beside those of the library.
 * @throws FlamingoError RECURSIVE_BLOCK if a block contains itself
 */
export function withGraphBlocks(blocks: GraphBlocks, find: BlockLookup = findBlock): BlockLookup {
  if (Object.keys(blocks).length === 0) return find;
  const problem = nestingProblem(blocks);
  if (problem) throw new FlamingoError(problem.code, problem.message, { block: problem.block, fix: problem.fix });
  const made = new Map<string, AnyBlock>();
  const lookup: BlockLookup = (name) => {
    const graph = Object.hasOwn(blocks, name) ? blocks[name] : undefined;
    if (!graph) return find(name);
    const known = made.get(name) ?? graphBlock(name, graph, lookup);
    made.set(name, known);
    return known;
  };
  return lookup;
}

/** More blocks within blocks than any model has, and fewer than would block the studio. */
const mostPlaces = 50_000;
const mostDepth = 32;

/** Why blocks cannot be made as they hold each other: one contains itself, or they are too many. */
export function nestingProblem(blocks: GraphBlocks) {
  const cycle = recursionIn(blocks);
  if (cycle) {
    const message = `the block "${cycle[0]}" contains itself: ${cycle.join(" → ")}`;
    return { code: "RECURSIVE_BLOCK", message, block: cycle[0]!, fix: "take one of them out of the other" } as const;
  }
  const measured = new Map<string, { places: number; depth: number }>();
  const measure = (name: string): { places: number; depth: number } => {
    const known = measured.get(name);
    if (known) return known;
    const size = { places: 1, depth: 1 };
    for (const type of Object.hasOwn(blocks, name) ? typesIn(Object.values(blocks[name]!.nodes)) : []) {
      const inner = measure(type);
      size.places += inner.places;
      size.depth = Math.max(size.depth, inner.depth + 1);
    }
    measured.set(name, size);
    return size;
  };
  for (const name of Object.keys(blocks)) {
    const { places, depth } = measure(name);
    const finding = depth > mostDepth ? `is nested ${depth} levels deep` : `holds ${places} blocks`;
    if (places <= mostPlaces && depth <= mostDepth) continue;
    const message = `the block "${name}" ${finding}, and at most ${depth > mostDepth ? mostDepth : mostPlaces} are allowed`;
    return { code: "INVALID_PIPELINE", message, block: name, fix: "use fewer blocks within blocks" } as const;
  }
  return undefined;
}

/** The names on a way from a block to itself, if there is one. */
function recursionIn(blocks: GraphBlocks): string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): string[] | undefined => {
    const at = path.indexOf(name);
    if (at >= 0) return [...path.slice(at), name];
    if (done.has(name) || !Object.hasOwn(blocks, name)) return undefined;
    for (const type of typesIn(Object.values(blocks[name]!.nodes))) {
      const cycle = visit(type, [...path, name]);
      if (cycle) return cycle;
    }
    done.add(name);
    return undefined;
  };
  for (const name of Object.keys(blocks)) {
    const cycle = visit(name, []);
    if (cycle) return cycle;
  }
  return undefined;
}

/** The nodes that have one of these own blocks in them, at any depth. */
export function usersOf(
  { nodes, blocks }: Pick<Graph, "nodes"> & { blocks: GraphBlocks },
  names: readonly string[],
): string[] {
  const seen = new Map<string, boolean>();
  const uses = (value: unknown): boolean =>
    typesIn(value).some((type) => {
      const known = seen.get(type);
      if (known !== undefined) return known;
      seen.set(type, false); // a block within itself adds nothing
      const found = names.includes(type) || (Object.hasOwn(blocks, type) && uses(Object.values(blocks[type]!.nodes)));
      seen.set(type, found);
      return found;
    });
  return Object.keys(nodes).filter((id) => uses(nodes[id]));
}

const catalogs = new WeakMap<GraphBlocks, { of: Catalog; grown: Catalog }>();

/** The catalog with a pipeline's own blocks. */
export function catalogWith(catalog: Catalog, blocks: GraphBlocks): Catalog {
  if (Object.keys(blocks).length === 0) return catalog;
  const known = catalogs.get(blocks);
  if (known && (known.of === catalog || known.grown === catalog)) return known.grown;
  const entries = Object.entries(blocks).map(([name, graph]) => {
    const entry = makeCatalog([graphBlock(name, graph, () => undefined)])[name]!;
    const { local, from } = graph;
    const category = catalog[from ?? ""]?.category ?? entry.category;
    return [name, { ...entry, category, ...(local ? { local } : {}), ...(from === undefined ? {} : { from }) }];
  });
  const grown = { ...catalog, ...Object.fromEntries(entries) };
  catalogs.set(blocks, { of: catalog, grown });
  return grown;
}
