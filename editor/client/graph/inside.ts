import type { Catalog, CatalogEntry } from "../../../src/core/catalog.ts";
import type { ErrorReport } from "../../../src/core/errors.ts";
import type { SlotSpec } from "../../../src/core/misfit.ts";
import { isEllipsis, namesIn } from "../../../src/core/shape.ts";
import type { OpenBlock } from "../../../src/graph/edit/changeInside.ts";
import { blockAt, type EditedGraph, type GraphOfBlocks, type Step } from "../../../src/graph/edit/place.ts";
import { type GraphBlock, type GraphBlocks, type GraphNode, typesIn } from "../../../src/graph/graph.ts";
import { resolvedConfig, resolvedGraph } from "../../../src/graph/graphBlock.ts";
import type { ParameterCount } from "../../../src/graph/parameterCounts.ts";
import { fullConfig, type Solution, solveShapes } from "../../../src/graph/solve.ts";
import type { Inside, TraceRequest } from "../../shared/protocol.ts";
import { placeAll } from "./nodePorts.ts";

/** A block on the way to what is shown. */
export interface Opened extends OpenBlock {
  title: string;
  /** The type of its block. */
  type: string;
  /** What the server is asked for the parameters of its nodes. */
  request: TraceRequest;
  counts: Record<string, ParameterCount>;
}

/** Where a way leads: as far as it is known. */
export interface Way {
  opened: Opened[];
  /** The graph at its end, as it is edited, and with values in place of its fields. */
  graph: EditedGraph;
  solvable: EditedGraph;
  solution: Solution;
  /** What has to be traced before the way goes on. */
  missing?: TraceRequest;
  fault?: ErrorReport;
  /** Steps that lead on from there; none if a node on the way is gone. */
  steps: number;
}

/** What the server answered when it was asked to open blocks, by the text of the request. */
export type Traces = ReadonlyMap<string, Inside | { fault: ErrorReport }>;

/** Follows a way into blocks. */
export function follow(pipeline: GraphOfBlocks, path: readonly Step[], catalog: Catalog, traces: Traces): Way {
  let way: Way = {
    opened: [],
    graph: pipeline,
    solvable: pipeline,
    solution: solveShapes(pipeline, catalog),
    steps: path.length,
  };
  for (const step of path) {
    const next = enter(way, step, pipeline.blocks, catalog, traces);
    if (!next) return { ...way, steps: way.opened.length };
    way = { ...next, steps: path.length };
    if (way.missing || way.fault) return way;
  }
  return way;
}

function enter(
  way: Way,
  step: Step,
  blocks: GraphBlocks,
  catalog: Catalog,
  traces: Traces,
): Omit<Way, "steps"> | undefined {
  const node = way.solvable.nodes[step.node];
  const block = node && blockAt(node, step.slot, catalog);
  const entry = block && catalog[block.type];
  if (!node || !block || entry?.kind !== "composite") return undefined;
  const wired = new Set(way.graph.edges.filter(({ to }) => to[0] === step.node).map(({ to }) => to[1]));
  const request = requestFor(node, step, entry, step.slot ? undefined : wired, blocks, catalog);
  const answer = traces.get(JSON.stringify(request));
  const own = Object.hasOwn(blocks, block.type) ? block.type : undefined;
  const traced = answer && "graph" in answer ? answer : undefined;
  const raw = own === undefined ? traced?.graph : blocks[own];
  const opened = { step, title: titleOf(node, step, entry), type: block.type, request, counts: traced?.nodes ?? {} };
  if (!raw) {
    const rest = answer && "fault" in answer ? { fault: answer.fault } : { missing: request };
    return { ...way, opened: [...way.opened, { ...opened, graph: emptyInside }], ...rest };
  }
  const graph = placeAll(raw, catalog);
  const solvable = resolved(graph, request.config);
  return {
    opened: [...way.opened, { ...opened, graph, ...(own === undefined ? {} : { own }) }],
    graph,
    solvable,
    solution: solveShapes(solvable, catalog, step.slot ? {} : (way.solution.inputs[step.node] ?? {})),
  };
}

const emptyInside: GraphBlock = { config: {}, inputs: {}, outputs: {}, nodes: {}, edges: [], view: { positions: {} } };

/** The graph with values in place of its fields; as it is where a field is named that it does not have. */
function resolved(graph: GraphBlock, config: Record<string, unknown>): GraphBlock {
  try {
    return resolvedGraph(graph, config);
  } catch {
    return graph;
  }
}

function titleOf(node: GraphNode, step: Step, entry: CatalogEntry): string {
  if (step.slot) return entry.title;
  return node.label ?? entry.title;
}

/** What to ask the server for, to open a block. */
function requestFor(
  node: GraphNode,
  { slot = [] }: Step,
  entry: CatalogEntry,
  wired: ReadonlySet<string> | undefined,
  blocks: GraphBlocks,
  catalog: Catalog,
): TraceRequest {
  const { config, given } = configAt(node, slot, catalog);
  const ports = Object.entries(entry.inputs).flatMap(([port, { optional }]) =>
    !optional || !wired || wired.has(port) ? [port] : [],
  );
  const fields = new Set([...given, ...sizesAt(entry)].filter((field) => typeof config[field] === "number"));
  const own = closureOf(typesIn({ type: entry.name, config }), blocks);
  return {
    type: entry.name,
    config: config as TraceRequest["config"],
    ports,
    fields: [...fields],
    ...(node.frozen ? { frozen: node.frozen } : {}),
    ...(node.pretrained === undefined && node.weights === undefined ? {} : { pretrained: node.pretrained ?? true }),
    ...(Object.keys(own).length > 0 ? { blocks: own } : {}),
  };
}

/**
 * The inside of what a changed copy was made from, if it is known; else what to ask the server for.
 * @param around fields of the block around it, which its configuration may name
 */
export function originalOf(
  { from, fromConfig = {}, config, inputs }: GraphBlock,
  around: Record<string, unknown>,
  blocks: GraphBlocks,
  catalog: Catalog,
  traces: Traces,
): { graph?: GraphBlock; request?: TraceRequest } {
  const entry = from === undefined ? undefined : catalog[from];
  if (entry?.kind !== "composite") return {};
  if (Object.hasOwn(blocks, entry.name)) return { graph: blocks[entry.name]! };
  const fields = Object.keys(config).filter((field) => field in (entry.config.properties ?? {}));
  const given = Object.fromEntries(fields.map((field) => [field, config[field]]));
  const settled = resolvedConfig({ ...fromConfig, ...given } as GraphNode["config"], around);
  const whole = fullConfig({ config: settled }, entry);
  const own = closureOf(typesIn(whole), blocks);
  const request: TraceRequest = {
    type: entry.name,
    config: whole as TraceRequest["config"],
    ports: Object.keys(entry.inputs).filter((port) => port in inputs),
    fields,
    ...(Object.keys(own).length > 0 ? { blocks: own } : {}),
  };
  const answer = traces.get(JSON.stringify(request));
  return answer && "graph" in answer ? { graph: answer.graph } : { request };
}

/** The whole configuration of a node's block, or of one in a slot: with what the blocks around it give. */
function configAt(
  node: Pick<GraphNode, "type" | "config">,
  slot: readonly string[],
  catalog: Catalog,
): { config: Record<string, unknown>; given: readonly string[] } {
  let block = { type: node.type, config: fullConfig(node, catalog[node.type]!) };
  let given: readonly string[] = [];
  for (const field of slot) {
    const entry = catalog[block.type]!;
    const spec = entry.config.properties?.[field]?.slot as SlotSpec | undefined;
    const inner = blockAt({ ...block, config: block.config as GraphNode["config"] }, [field], catalog)!;
    const fields = catalog[inner.type]?.config.properties ?? {};
    given = (spec?.given ?? []).filter((each) => each in fields);
    const around = block.config;
    const values = given.flatMap((each) => (around[each] === undefined ? [] : [[each, around[each]] as const]));
    block = { type: inner.type, config: { ...fullConfig(inner, catalog[inner.type]!), ...Object.fromEntries(values) } };
  }
  return { config: block.config, given };
}

/** Fields that are sizes in the shapes of ports. */
function sizesAt({ inputs, outputs, config }: CatalogEntry): string[] {
  const dims = [...Object.values(inputs), ...Object.values(outputs)].flatMap(({ shape }) => shape);
  const names = dims.flatMap((dim) => (isEllipsis(dim) ? [] : namesIn(dim)));
  return names.filter((name) => name in (config.properties ?? {}));
}

/** The pipeline's own blocks that some types are or hold. */
function closureOf(types: readonly string[], blocks: GraphBlocks): GraphBlocks {
  const found: Record<string, GraphBlock> = {};
  const queue = [...types];
  for (const type of queue) {
    if (type in found || !Object.hasOwn(blocks, type)) continue;
    found[type] = blocks[type]!;
    queue.push(...typesIn(Object.values(blocks[type]!.nodes)));
  }
  return found;
}
