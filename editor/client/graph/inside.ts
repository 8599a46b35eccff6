import type { Catalog } from "../../../src/core/catalog.ts";
import type { SolvedShape } from "../../../src/core/shape.ts";
import { type LayoutEdge, type LayoutNode, layout } from "../../../src/figures/layout.ts";
import { type GraphNode, graphInputs, graphOutputs, inputsOf } from "../../../src/graph/graph.ts";
import { catalogWith } from "../../../src/graph/graphBlock.ts";
import type { ParameterCount } from "../../../src/graph/parameterCounts.ts";
import { solveShapes } from "../../../src/graph/solve.ts";
import type { Inside, TraceRequest } from "../../shared/protocol.ts";
import { card, cardHeight, portOffset } from "./cardSize.ts";
import type { Point } from "./wireRoutes.ts";

/** A node of the drawing of an inside: a call of a block, or an input or output of the opened block. */
export interface InsideNode {
  id: string;
  kind: "call" | "input" | "output";
  position: [number, number];
  /** Of a call. */
  node?: GraphNode;
  count?: ParameterCount;
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
  route: readonly Point[];
}

export const terminal = { width: 132, height: 44 } as const;

/**
 * The inside of a block as a drawing, laid out from left to right: its inputs, the calls of its children, its outputs.
 * @param request what was asked for: the shapes on the block's inputs, and the pipeline's own blocks
 */
export function drawInside(
  { graph, nodes: counts }: Inside,
  request: Pick<TraceRequest, "inputs" | "blocks">,
  library: Catalog,
): { nodes: InsideNode[]; edges: InsideEdge[] } {
  const catalog = catalogWith(library, request.blocks ?? {});
  const { outputs } = solveShapes(graph, catalog, request.inputs);
  const shapeAt = ([node, port]: readonly [string, string]) => outputs[node]?.[port];
  const shapesInto = (id: string) =>
    Object.fromEntries(
      Object.entries(inputsOf(graph, id)).map(([port, { node, port: from }]) => [port, shapeAt([node, from])]),
    );
  const place = { position: [0, 0] as [number, number], inputs: {}, outputs: {}, opens: false };
  const nodes: InsideNode[] = [
    ...Object.keys(graph.inputs).map((port) => ({
      ...place,
      id: inputId(port),
      kind: "input" as const,
      port,
      outputs: { [port]: shapeAt([graphInputs, port]) },
    })),
    ...Object.entries(graph.nodes).map(([id, node]) => ({
      ...place,
      id,
      kind: "call" as const,
      node,
      ...(counts[id] ? { count: counts[id] } : {}),
      inputs: shapesInto(id),
      outputs: outputs[id] ?? {},
      opens: catalog[node.type]?.kind === "composite",
    })),
    ...Object.keys(graph.outputs).map((port) => ({
      ...place,
      id: outputId(port),
      kind: "output" as const,
      port,
      inputs: { [port]: shapesInto(graphOutputs)[port] },
    })),
  ];
  const edges = graph.edges.map(({ from: source, to: target }) => {
    const from: [string, string] = source[0] === graphInputs ? [inputId(source[1]), source[1]] : [...source];
    const to: [string, string] = target[0] === graphOutputs ? [outputId(target[1]), target[1]] : [...target];
    return { id: `${from.join(".")} → ${to.join(".")}`, from, to, shape: shapeAt(source) };
  });
  const placed = layout(nodes.map(layoutNode), edges as LayoutEdge[], { x: 96, y: 28 });
  return {
    nodes: nodes.map((node) => ({ ...node, position: placed.positions[node.id]! })),
    edges: edges.map((edge, index) => ({ ...edge, route: placed.routes[index]! })),
  };
}

/** What to ask the server for, to open a call of an inside. */
export function traceRequestOf({ node, count, inputs }: InsideNode, blocks: TraceRequest["blocks"]): TraceRequest {
  const known = Object.entries(inputs).filter((entry): entry is [string, SolvedShape] => entry[1] !== undefined);
  const { type, config } = node!;
  const frozen = count !== undefined && count.weights > 0 && count.trainable === 0;
  return { type, config, inputs: Object.fromEntries(known), frozen, ...(blocks ? { blocks } : {}) };
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

/** An id has no space in it, so these can be none. */
function inputId(port: string): string {
  return `input ${port}`;
}

function outputId(port: string): string {
  return `output ${port}`;
}
