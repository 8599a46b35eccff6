import type { Port, Ports } from "../core/port.ts";
import { isEllipsis, renameDim } from "../core/shape.ts";
import { type Graph, type GraphEdge, type GraphNode, inputsOf } from "./graph.ts";

/** The ports of a block by its name; undefined for one that is not known. */
type PortsOf = (type: string) => { readonly inputs: Ports; readonly outputs: Ports } | undefined;

/** A graph as it is computed: without the nodes that are muted or bypassed. */
export interface ActiveGraph<G extends Graph> {
  graph: G;
  /** For each of its edges, the index of the edge in the whole graph that ends at the same input. */
  origins: number[];
  /** Outputs of bypassed nodes that are used, but that no input can stand for. */
  gaps: { node: string; port: string }[];
}

/**
 * Leaves out what a graph does not compute. A muted node is gone, with its edges. A bypassed node is gone, and what followed one of its
 * outputs gets what came in at its first connected input of the same type and shape.
 */
export function withoutSkipped<G extends Graph>(graph: G, portsOf: PortsOf): ActiveGraph<G> {
  if (Object.values(graph.nodes).every(({ skip }) => skip === undefined))
    return { graph, origins: graph.edges.map((_edge, index) => index), gaps: [] };
  const gaps: ActiveGraph<G>["gaps"] = [];
  /** Where a value comes from that is computed; undefined if there is none. */
  const sourceOf = (from: GraphEdge["from"], passed: readonly string[] = []): GraphEdge["from"] | undefined => {
    const [id, port] = from;
    const node = Object.hasOwn(graph.nodes, id) ? graph.nodes[id]! : undefined;
    if (node?.skip === undefined) return from;
    if (node.skip === "mute" || passed.includes(id)) return undefined;
    const input = standIn(graph, id, port, portsOf);
    if (!input) {
      gaps.push({ node: id, port });
      return undefined;
    }
    return sourceOf(input, [...passed, id]);
  };
  const edges = graph.edges.flatMap((edge, index) => {
    if (Object.hasOwn(graph.nodes, edge.to[0]) && graph.nodes[edge.to[0]]!.skip !== undefined) return [];
    const from = sourceOf(edge.from);
    if (!from) return [];
    return [{ edge: from === edge.from ? edge : { ...edge, from }, index }];
  });
  const nodes = Object.fromEntries(Object.entries(graph.nodes).filter(([, { skip }]) => skip === undefined));
  return {
    graph: { ...graph, nodes, edges: edges.map(({ edge }) => edge) },
    origins: edges.map(({ index }) => index),
    gaps,
  };
}

/** Where the value comes from that stands for an output of a bypassed node. */
function standIn(graph: Graph, id: string, port: string, portsOf: PortsOf): GraphEdge["from"] | undefined {
  const node = graph.nodes[id]!;
  const ports = portsOf(node.type);
  const output = ports?.outputs[port];
  if (!ports || !output) return undefined;
  const sources = inputsOf(graph, id);
  const input = Object.keys(ports.inputs).find(
    (name) => name in sources && isAlike(ports.inputs[name]!, output, node.config),
  );
  const source = input === undefined ? undefined : sources[input]!;
  return source && [source.node, source.port];
}

function isAlike(input: Port, output: Port, config: GraphNode["config"]): boolean {
  const shapeOf = ({ shape }: Port) => shape.map((dim) => (isEllipsis(dim) ? dim : sized(dim, config))).join(" ");
  return input.dtype === output.dtype && shapeOf(input) === shapeOf(output);
}

/** A dimension with the sizes that the configuration gives. */
function sized(dim: string | number, config: GraphNode["config"]): string {
  return renameDim(dim, (name) => (Object.hasOwn(config, name) ? String(config[name]) : name));
}
