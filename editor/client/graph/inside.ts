import type { Catalog } from "../../../src/core/catalog.ts";
import type { SolvedShape } from "../../../src/core/shape.ts";
import type { TracedGraph, TracedNode } from "../../../src/core/trace.ts";
import { type LayoutEdge, type LayoutNode, layout } from "../../../src/figures/layout.ts";
import type { TraceRequest } from "../../shared/protocol.ts";
import { card, cardHeight, portOffset } from "./cardSize.ts";

/** A node of the drawing of an inside: a call of a block, or an input or output of the opened block. */
export interface InsideNode {
  id: string;
  kind: "call" | "input" | "output";
  position: [number, number];
  traced?: TracedNode;
  /** Name of the port, for an input or output. */
  port?: string;
  /** Shapes on its ports. */
  inputs: Record<string, SolvedShape | undefined>;
  outputs: Record<string, SolvedShape | undefined>;
  /** Whether it has an inside of its own. */
  opens: boolean;
}

export interface InsideEdge {
  id: string;
  from: [node: string, port: string];
  to: [node: string, port: string];
  shape: SolvedShape | undefined;
  route: [number, number][];
}

export const terminal = { width: 132, height: 44 } as const;

/** A traced block as a drawing, laid out from left to right: its inputs, the calls of its children, its outputs. */
export function drawInside(graph: TracedGraph, catalog: Catalog): { nodes: InsideNode[]; edges: InsideEdge[] } {
  const shapes = shapesOf(graph);
  const nodes = insideNodes(graph, catalog, shapes);
  const edges = [
    ...graph.nodes.flatMap((node) =>
      Object.entries(node.inputs).map(([port, source]) => ({ source, to: [node.id, port] as [string, string] })),
    ),
    ...Object.entries(graph.outputs).map(([port, source]) => ({
      source,
      to: [outputId(port), port] as [string, string],
    })),
  ].map(({ source, to }) => {
    const from: [string, string] = [source.node ?? inputId(source.port), source.port];
    return { id: `${from.join(".")} → ${to.join(".")}`, from, to, shape: shapes(from) };
  });
  const placed = layout(nodes.map(layoutNode), edges as LayoutEdge[], { x: 96, y: 28 });
  return {
    nodes: nodes.map((node) => ({ ...node, position: placed.positions[node.id]! })),
    edges: edges.map((edge, index) => ({ ...edge, route: placed.routes[index]! })),
  };
}

/** What to ask the server for, to open a node of an inside. */
export function traceRequestOf(graph: TracedGraph, node: TracedNode): TraceRequest {
  const shapes = shapesOf(graph);
  const inputs: Record<string, SolvedShape> = {};
  for (const [port, source] of Object.entries(node.inputs)) {
    const shape = shapes([source.node ?? inputId(source.port), source.port]);
    if (shape) inputs[port] = shape;
  }
  const config = node.config as TraceRequest["config"];
  return { type: node.type, config, inputs, frozen: node.weights > 0 && node.trainable === 0 };
}

function shapesOf(graph: TracedGraph): (end: readonly [string, string]) => SolvedShape | undefined {
  const byId = new Map(graph.nodes.map((node) => [node.id, node.outputs]));
  return ([node, port]) => byId.get(node)?.[port] ?? (node === inputId(port) ? graph.inputs[port] : undefined);
}

function insideNodes(
  graph: TracedGraph,
  catalog: Catalog,
  shapes: (end: readonly [string, string]) => SolvedShape | undefined,
): InsideNode[] {
  const place = { position: [0, 0] as [number, number] };
  return [
    ...Object.entries(graph.inputs).map(([port, shape]) => ({
      ...place,
      id: inputId(port),
      kind: "input" as const,
      port,
      inputs: {},
      outputs: { [port]: shape },
      opens: false,
    })),
    ...graph.nodes.map((traced) => ({
      ...place,
      id: traced.id,
      kind: "call" as const,
      traced,
      inputs: Object.fromEntries(
        Object.entries(traced.inputs).map(([port, source]) => [
          port,
          shapes([source.node ?? inputId(source.port), source.port]),
        ]),
      ),
      outputs: traced.outputs,
      opens: catalog[traced.type]?.kind === "composite",
    })),
    ...Object.entries(graph.outputs).map(([port, source]) => ({
      ...place,
      id: outputId(port),
      kind: "output" as const,
      port,
      inputs: { [port]: shapes([source.node ?? inputId(source.port), source.port]) },
      outputs: {},
      opens: false,
    })),
  ];
}

function layoutNode(node: InsideNode): LayoutNode {
  const ports = { inputs: Object.keys(node.inputs), outputs: Object.keys(node.outputs) };
  if (node.kind !== "call") {
    const middle = Object.fromEntries([...ports.inputs, ...ports.outputs].map((port) => [port, terminal.height / 2]));
    return { id: node.id, ...terminal, inputs: middle, outputs: middle };
  }
  const offsets = (direction: "input" | "output", names: string[]) =>
    Object.fromEntries(names.map((port) => [port, portOffset(ports, direction, port)]));
  return {
    id: node.id,
    head: card.header / 2,
    width: card.width,
    height: cardHeight(ports),
    inputs: offsets("input", ports.inputs),
    outputs: offsets("output", ports.outputs),
  };
}

/** A traced id has no space in it, so these can be none. */
function inputId(port: string): string {
  return `input ${port}`;
}

function outputId(port: string): string {
  return `output ${port}`;
}
