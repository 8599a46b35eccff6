import type { Edge, Node } from "@xyflow/react";
import type { Catalog } from "../../../src/core/catalog.ts";
import type { SolvedShape } from "../../../src/core/shape.ts";
import { shapeText } from "../../../src/figures/shapeText.ts";
import type { Problem } from "../../../src/graph/check.ts";
import type { Box } from "../../../src/graph/edit/box.ts";
import type { EditedGraph } from "../../../src/graph/edit/place.ts";
import type { Solution } from "../../../src/graph/solve.ts";
import { portOffset } from "./cardSize.ts";
import { edgeIds } from "./edges.ts";
import { portsOf } from "./nodePorts.ts";
import { drawnId, type Terminal, terminalsOf } from "./terminals.ts";
import { type Point, routeWires } from "./wireRoutes.ts";

export type BlockFlowNode = Node<Record<string, never>, "block">;
export type TerminalFlowNode = Node<{ terminal: Terminal }, "terminal">;
export type DrawnNode = BlockFlowNode | TerminalFlowNode;

/** What a wire shows: the shape that passes, or why none can. */
export type WireData = {
  shape: string;
  problem?: string;
  /** Whether it ends at a node that is left out of what is computed. */
  skipped?: boolean;
  clash?: string;
  /** Places that the wire goes through. */
  route?: readonly Point[];
  /** Where its label stands, if it has room for one; without this it stands in the wire's middle. */
  label?: Point | "none";
  /** Where the wire began and ended when it was routed. */
  ends?: readonly [from: Point, to: Point];
};
export type WireFlowEdge = Edge<WireData, "wire">;

/** What is wrong with a wire in a few letters: `128 ≠ 96`, `cycle`. */
function clashOf({ code, expected, actual }: Problem): string {
  return expected === undefined || actual === undefined
    ? code.toLowerCase().replaceAll("_", " ")
    : `${actual} ≠ ${expected}`;
}

const none = {};

/**
 * The canvas's nodes for a graph. A node that did not change stays the same object, so that moving one node draws
 * one node. What the canvas measured is kept.
 */
export function flowNodes(before: readonly DrawnNode[], graph: EditedGraph, selected: readonly string[]): DrawnNode[] {
  const old = new Map(before.map((node) => [node.id, node]));
  const chosen = new Set(selected);
  const draw = (id: string, type: DrawnNode["type"], ariaLabel: string, data: object): DrawnNode => {
    const [x, y] = graph.view.positions[id] ?? [0, 0];
    const kept = old.get(id);
    const isSelected = chosen.has(id);
    const stays = kept && kept.position.x === x && kept.position.y === y && kept.ariaLabel === ariaLabel;
    if (stays && kept.selected === isSelected) return kept;
    return { ...kept, id, ariaLabel, type, position: { x, y }, selected: isSelected, data } as DrawnNode;
  };
  return [
    ...Object.entries(graph.nodes).map(([id, { label, type }]) => draw(id, "block", label ?? type, none)),
    ...terminalsOf(graph).map((terminal) =>
      draw(terminal.id, "terminal", `${terminal.kind} ${terminal.port}`, { terminal }),
    ),
  ];
}

/** The canvas's wires for a graph, each with its solved shape and with what is wrong with it. */
export function flowEdges(
  graph: EditedGraph,
  solution: Solution,
  problems: readonly Problem[],
  selected: readonly string[],
): WireFlowEdge[] {
  const ids = edgeIds(graph.edges);
  const drawn = new Set([...Object.keys(graph.nodes), ...terminalsOf(graph).map(({ id }) => id)]);
  const wrong = new Map<number, Problem>();
  for (const problem of problems)
    if (problem.edge !== undefined && !wrong.has(problem.edge)) wrong.set(problem.edge, problem);
  return graph.edges.flatMap((edge, index) => {
    const [source, target] = [drawnId(edge.from), drawnId(edge.to)];
    if (!drawn.has(source) || !drawn.has(target)) return [];
    const problem = wrong.get(index);
    const shape: SolvedShape | undefined = solution.outputs[edge.from[0]]?.[edge.from[1]];
    return {
      id: ids[index]!,
      ariaLabel: `wire from ${edge.from.join(" ")} to ${edge.to.join(" ")}`,
      type: "wire" as const,
      source,
      sourceHandle: edge.from[1],
      target,
      targetHandle: edge.to[1],
      selected: selected.includes(ids[index]!),
      data: {
        shape: shapeText(shape),
        ...([edge.from, edge.to].some(([id]) => graph.nodes[id]?.skip !== undefined) ? { skipped: true } : {}),
        ...(problem ? { problem: problem.message, clash: clashOf(problem) } : {}),
      },
    };
  });
}

/**
 * The wires, each with a way around the cards and a place for its label.
 * @param cards where the cards stand, by node
 * @param textScale how much larger than at zoom 1 labels are drawn
 */
export function routedEdges(
  edges: readonly WireFlowEdge[],
  graph: EditedGraph,
  catalog: Catalog,
  cards: ReadonlyMap<string, Box>,
  textScale: number,
): WireFlowEdge[] {
  const end = (direction: "input" | "output", id: string, port: string): Point | undefined => {
    const box = cards.get(id);
    if (!box) return undefined;
    const node = graph.nodes[id];
    if (!node) return [box.x + (direction === "output" ? box.width : 0), box.y + box.height / 2];
    const ports = portsOf(graph, id, catalog[node.type]);
    return [box.x + (direction === "output" ? box.width : 0), box.y + portOffset(ports, direction, port)];
  };
  const placed = edges.flatMap((edge) => {
    const from = end("output", edge.source, edge.sourceHandle!);
    const to = end("input", edge.target, edge.targetHandle!);
    return from && to ? [{ edge, from, to }] : [];
  });
  const size = (edge: WireFlowEdge) => ({
    width: edge.data!.shape.length * letter * textScale + 4,
    height: 16 * textScale,
  });
  const routes = routeWires(
    placed.map(({ edge, from, to }) => ({ from, to, label: size(edge) })),
    [...cards.values()],
  );
  const byId = new Map(
    placed.map(({ edge, from, to }, index) => [edge.id, { ...routes[index]!, ends: [from, to] as const }]),
  );
  return edges.map((edge) => {
    const routed = byId.get(edge.id);
    if (!routed) return edge;
    return { ...edge, data: { ...edge.data!, route: routed.via, label: routed.label ?? "none", ends: routed.ends } };
  });
}

/** About the width of a letter of a wire's label, in pixels. */
const letter = 8.2;
