import type { PipelineNode } from "../../../src/pipeline/schema.ts";
import { addNode, connect, freshId, initialConfig, type Position } from "../edit/operations.ts";
import { card } from "../graph/cardSize.ts";
import { type LooseEnd, wireBetween } from "../graph/connection.ts";
import { commit, useEditor } from "../stores/editor.ts";
import { middle } from "../stores/viewport.ts";

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
export function newNode(type: string): PipelineNode {
  const entry = useEditor.getState().catalog[type];
  return { type, config: entry ? initialConfig(entry) : {} };
}

/** Adds a block with its head at a place, and selects it. */
export function addBlock(type: string, place: Position, wire?: { end: LooseEnd; port: string }): void {
  const { pipeline } = useEditor.getState();
  const id = freshId(pipeline, type);
  const left = wire?.end.direction === "input" ? card.width : wire ? 0 : card.width / 2;
  const grown = addNode(pipeline, id, newNode(type), [Math.round(place[0] - left), Math.round(place[1] - 24)]);
  commit("Add", wire ? connect(grown, wireBetween(wire.end, id, wire.port)) : grown, { select: [id] });
}

/** Adds a block where there is room: right of the selected node, else in the middle of what is seen. */
export function addBlockSomewhere(type: string): void {
  const { pipeline, selection } = useEditor.getState();
  const beside = pipeline.view.positions[selection.nodes[0] ?? ""];
  let [x, y] = beside ? [beside[0] + card.width * 1.5 + 92, beside[1] + 24] : middle();
  const taken = Object.values(pipeline.view.positions);
  while (taken.some(([left, top]) => Math.abs(left + card.width / 2 - x) < 40 && Math.abs(top + 24 - y) < 40)) y += 56;
  addBlock(type, [x, y]);
}
