import type { Edge, Node, NodeChange } from "@xyflow/react";
import type { Catalog } from "../../../src/core/catalog.ts";
import type { SolvedShape } from "../../../src/core/shape.ts";
import { shapeText } from "../../../src/figures/shapeText.ts";
import type { Problem } from "../../../src/graph/check.ts";
import { isGroupId } from "../../../src/graph/edit/annotations.ts";
import { type Box, boxAround } from "../../../src/graph/edit/box.ts";
import type { EditedGraph } from "../../../src/graph/edit/place.ts";
import type { Solution } from "../../../src/graph/solve.ts";
import { card, portOffset } from "./cardSize.ts";
import { edgeIds } from "./edges.ts";
import { portsOf } from "./nodePorts.ts";
import { drawnId, type Terminal, terminalsOf } from "./terminals.ts";
import { type Point, routeWires } from "./wireRoutes.ts";

export type BlockFlowNode = Node<Record<string, never>, "block">;
export type TerminalFlowNode = Node<{ terminal: Terminal }, "terminal">;
export type NoteFlowNode = Node<Record<string, never>, "note">;
export type FrameFlowNode = Node<Record<string, never>, "frame">;
export type DrawnNode = BlockFlowNode | TerminalFlowNode | NoteFlowNode | FrameFlowNode;

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
  const draw = (id: string, type: DrawnNode["type"], ariaLabel: string, data: object, size?: Size): DrawnNode => {
    const [x, y] = graph.view.positions[id] ?? [0, 0];
    const kept = old.get(id);
    const isSelected = chosen.has(id);
    const stays = kept && kept.position.x === x && kept.position.y === y && kept.ariaLabel === ariaLabel;
    const hasSize = !size || (kept?.width === size.width && kept.height === size.height);
    if (stays && hasSize && kept.selected === isSelected) return kept;
    return { ...kept, id, ariaLabel, type, position: { x, y }, selected: isSelected, data, ...size } as DrawnNode;
  };
  const nodes = [
    ...Object.entries(graph.nodes).map(([id, { label, type }]) => draw(id, "block", label ?? type, none)),
    ...terminalsOf(graph).map((terminal) =>
      draw(terminal.id, "terminal", `${terminal.kind} ${terminal.port}`, { terminal }),
    ),
    ...Object.entries(graph.view.notes ?? {}).map(
      ([
        id,
        {
          text,
          size: [width, height],
        },
      ]) => draw(id, "note", `note ${text.split("\n", 1)[0]}`, none, { width, height }),
    ),
  ];
  return withFrames(nodes, graph, old, (id) => chosen.has(id));
}

interface Size {
  width: number;
  height: number;
}

/** Room between a frame and what it is drawn around, and for its title. */
const frame = { padding: 16, title: 28 } as const;

/** The nodes with a frame for each group, around its members as they are drawn. A frame that did not change stays the same object. */
export function withFrames(
  nodes: readonly DrawnNode[],
  graph: EditedGraph,
  before: ReadonlyMap<string, DrawnNode>,
  isSelected: (id: string) => boolean,
): DrawnNode[] {
  const drawn = nodes.filter(({ type }) => type !== "frame");
  const byId = new Map(drawn.map((node) => [node.id, node]));
  const frames = Object.entries(graph.view.groups ?? {}).flatMap(([id, { title, members }]): FrameFlowNode[] => {
    const box = frameBox(
      members.flatMap((member) => {
        const node = byId.get(member);
        return node ? [boxOf(node)] : [];
      }),
    );
    if (!box) return [];
    const { x, y, width, height } = box;
    const kept = before.get(id) as FrameFlowNode | undefined;
    const [ariaLabel, selected] = [`group ${title}`, isSelected(id)];
    const stays = kept?.position.x === x && kept.position.y === y && kept.width === width && kept.height === height;
    if (stays && kept.ariaLabel === ariaLabel && kept.selected === selected) return [kept];
    return [{ ...kept, ...frameLook, id, ariaLabel, selected, position: { x, y }, width, height, data: {} }];
  });
  return [...frames, ...drawn];
}

/** A frame lies below wires and nodes, also when it is selected; it is taken by its title, and what is in it stays in reach. */
const frameLook = {
  type: "frame",
  zIndex: -1001,
  style: { pointerEvents: "none" },
  dragHandle: ".frame-title",
} as const;

/** The frame around the boxes of a group's members; undefined where there are none. */
export function frameBox(members: readonly Box[]): Box | undefined {
  if (members.length === 0) return undefined;
  const { x, y, width, height } = boxAround(members);
  const { padding, title } = frame;
  return { x: x - padding, y: y - title, width: width + 2 * padding, height: height + title + padding };
}

function boxOf({ position, measured, width, height }: DrawnNode): Box {
  return { ...position, width: measured?.width ?? width ?? card.width, height: measured?.height ?? height ?? 100 };
}

/** Changes of where nodes are drawn, with those of a group's members in place of its frame's. */
export function movedWithFrames(
  changes: readonly NodeChange<DrawnNode>[],
  drawn: readonly DrawnNode[],
  graph: EditedGraph,
): NodeChange<DrawnNode>[] {
  if (!changes.some((change) => change.type === "position" && isGroupId(change.id))) return [...changes];
  const byId = new Map(drawn.map((node) => [node.id, node]));
  const others = changes.filter((change) => change.type !== "position" || !isGroupId(change.id));
  const moving = new Set(others.flatMap((change) => (change.type === "position" ? [change.id] : [])));
  for (const change of changes) {
    if (change.type !== "position" || !isGroupId(change.id)) continue;
    const from = byId.get(change.id)?.position;
    if (!from) continue;
    const to = change.position ?? from;
    for (const member of graph.view.groups?.[change.id]?.members ?? []) {
      const place = byId.get(member)?.position;
      if (!place || moving.has(member)) continue;
      moving.add(member);
      const position = { x: place.x + to.x - from.x, y: place.y + to.y - from.y };
      others.push({ ...change, id: member, position });
    }
  }
  return others;
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
    textsOn(graph, cards),
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

/** Notes, and the titles of frames: no wire's label may lie on them. */
function textsOn({ view }: EditedGraph, cards: ReadonlyMap<string, Box>): Box[] {
  const notes = new Map(
    Object.entries(view.notes ?? {}).map(
      ([
        id,
        {
          size: [width, height],
        },
      ]): [string, Box] => {
        const [x, y] = view.positions[id] ?? [0, 0];
        return [id, { x, y, width, height }];
      },
    ),
  );
  const titles = Object.values(view.groups ?? {}).flatMap(({ title, members }) => {
    const box = frameBox(members.flatMap((id) => cards.get(id) ?? notes.get(id) ?? []));
    return box ? [{ ...box, width: title.length * letter + 24, height: frame.title }] : [];
  });
  return [...notes.values(), ...titles];
}

/** About the width of a letter of a wire's label, in pixels. */
const letter = 8.2;
