import { initialConfig } from "../../../src/core/catalog.ts";
import type { Box } from "../../../src/graph/edit/box.ts";
import { connectFitting } from "../../../src/graph/edit/connectFitting.ts";
import { addNode, connect, freshId, type Position } from "../../../src/graph/edit/drawnGraph.ts";
import { insertOnEdge } from "../../../src/graph/edit/rejoin.ts";
import type { GraphEdge, GraphNode } from "../../../src/graph/graph.ts";
import { type CardPorts, card, cardHeight } from "../graph/cardSize.ts";
import { type LooseEnd, wireBetween } from "../graph/connection.ts";
import { edgeIds } from "../graph/edges.ts";
import { freePlace } from "../graph/freePlace.ts";
import { portsOf } from "../graph/nodePorts.ts";
import { commit, useEditor } from "../stores/editor.ts";
import { middle, toCanvas } from "../stores/viewport.ts";

/** What a dragged palette entry is called on its way to the canvas. */
const dragType = "application/x-flamingo-block";

export function dragBlock(transfer: DataTransfer, type: string): void {
  transfer.setData(dragType, type);
  transfer.effectAllowed = "copy";
}

export function draggedBlock(transfer: DataTransfer): string | undefined {
  return transfer.getData(dragType) || undefined;
}

/** A node of a type as it begins. */
export function newNode(type: string): GraphNode {
  const { catalog, path } = useEditor.getState();
  const entry = catalog[type];
  // What is added to a pretrained block is new in it.
  return { type, config: entry ? initialConfig(entry) : {}, ...(path.length > 0 ? { pretrained: false } : {}) };
}

/** How far below a card's top a pointer holds it. */
const headMiddle = 24;

/** Where a card's corner is whose head is at a place. */
function placeUnder([x, y]: Position): Position {
  return [x - card.width / 2, y - headMiddle];
}

/** Adds a block with its head at a place, and selects it. */
export function addBlock(type: string, place: Position, wire?: { end: LooseEnd; port: string }): void {
  const { graph, catalog } = useEditor.getState();
  const id = freshId(graph, type);
  const left = wire?.end.direction === "input" ? card.width : wire ? 0 : card.width / 2;
  const grown = addNode(graph, id, newNode(type), [Math.round(place[0] - left), Math.round(place[1] - headMiddle)]);
  const edge = wire && wireBetween(wire.end, id, wire.port);
  const wired = edge ? (connectFitting(grown, catalog, edge) ?? connect(grown, edge)) : grown;
  commit("Add", wired, { select: [id] });
}

/** Adds a block at a place, into the wire that is there if it fits. */
export function dropBlock(type: string, at: { clientX: number; clientY: number }): void {
  const place = toCanvas(at.clientX, at.clientY);
  const { graph, solvable, catalog } = useEditor.getState();
  const wire = wireAt(at.clientX, at.clientY);
  const id = freshId(graph, type);
  const corner: Position = [Math.round(place[0] - card.width / 2), Math.round(place[1] - headMiddle)];
  const inserted = wire && insertOnEdge(addNode(solvable, id, newNode(type), corner), id, wire, catalog);
  if (inserted)
    commit("Insert", { ...addNode(graph, id, inserted.nodes[id]!, corner), edges: inserted.edges }, { select: [id] });
  else addBlock(type, place);
}

/** The edge whose wire is drawn at a place of the screen. */
function wireAt(x: number, y: number): GraphEdge | undefined {
  const element = document.elementsFromPoint(x, y).map((each) => each.closest<SVGElement>(".react-flow__edge"));
  const id = element.find((each) => each)?.dataset.id;
  const { edges } = useEditor.getState().graph;
  return edges[edgeIds(edges).indexOf(id ?? "")];
}

/** Adds a block where there is room, as near as can be to the right of the selected node, or to the middle of what is seen. */
export function addBlockSomewhere(type: string): void {
  const { graph, selection, catalog } = useEditor.getState();
  const { positions } = graph.view;
  const sized = ([x, y]: Position, ports: CardPorts): Box => ({
    ...{ x, y, width: card.width },
    height: cardHeight({ ...ports, figure: true }), // one may come with a run
  });
  const taken = Object.entries(graph.nodes).flatMap(([id, node]) =>
    positions[id] ? [sized(positions[id], portsOf(graph, id, catalog[node.type]))] : [],
  );
  const beside = positions[selection.nodes[0] ?? ""];
  const [x, y] = beside ? [beside[0] + card.width + 92, beside[1]] : placeUnder(middle());
  const [left, top] = freePlace(taken, sized([x, y], portsOf({ edges: [] }, "", catalog[type])));
  addBlock(type, [left + card.width / 2, top + headMiddle]);
}
