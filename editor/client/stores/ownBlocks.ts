import { FlamingoError } from "../../../src/core/errors.ts";
import { collapse } from "../../../src/graph/edit/collapse.ts";
import { expand } from "../../../src/graph/edit/expand.ts";
import { makeRoom } from "../../../src/graph/edit/makeRoom.ts";
import { renameBlock } from "../../../src/graph/edit/renameBlock.ts";
import { emptyPipeline, readPipeline, writePipeline } from "../../../src/pipeline/schema.ts";
import type { Inside } from "../../shared/protocol.ts";
import { blocksOf, bring } from "../edit/clipboard.ts";
import { follow } from "../graph/inside.ts";
import { nodeSize } from "../graph/nodePorts.ts";
import { commit, commitPipeline, setTrace, useEditor } from "./editor.ts";
import { download } from "./files.ts";
import { tell } from "./notices.ts";
import { sendJson } from "./request.ts";

/** The pipeline's own block that the only selected node is, or else the one that is open. */
export function ownBlock(): string | undefined {
  const { selection, graph, pipeline, opened } = useEditor.getState();
  const [id, ...more] = selection.nodes;
  const type = more.length === 0 && id !== undefined ? graph.nodes[id]?.type : undefined;
  if (type !== undefined && Object.hasOwn(pipeline.blocks, type)) return type;
  return id === undefined ? opened.at(-1)?.own : undefined;
}

/**
 * Makes one block of the selected nodes.
 * @throws FlamingoError as `collapse` does
 */
export function collapseSelection(name: string, summary: string): void {
  const { graph, selection, catalog, pipeline } = useEditor.getState();
  const made = collapse(graph, selection.nodes, { name, title: name, ...(summary ? { summary } : {}) }, catalog);
  commit("Collapse", made.graph, { select: [made.id], blocks: { ...pipeline.blocks, [name]: made.block } });
}

/**
 * Puts the inside of a node's block in its place.
 * @throws FlamingoError as `expand` does
 */
export async function expandNode(id: string): Promise<void> {
  const { pipeline, path, catalog } = useEditor.getState();
  const way = () => follow(pipeline, [...path, { node: id }], catalog, useEditor.getState().traces);
  const { missing } = way();
  if (missing) setTrace(missing, await sendJson<Inside>("POST", "/api/trace", missing));
  const inside = way().opened.at(-1);
  if (!inside || useEditor.getState().pipeline !== pipeline) return;
  const { graph: before } = useEditor.getState();
  const { graph, ids } = expand(before, id, inside.graph);
  const [x, y] = before.view.positions[id]!;
  const place = { x, y, ...nodeSize(before, catalog, id) };
  const roomy = makeRoom(graph, ids, place, (each) => nodeSize(graph, catalog, each));
  commit("Expand", roomy, { select: ids });
}

/** Gives one of the pipeline's own blocks another name and other words. */
export function describeBlock(name: string, to: { name: string; title: string; summary: string }): void {
  commitPipeline("Describe the block", renameBlock(useEditor.getState().pipeline, name, to));
}

/** Hands a block to the browser as a file: a pipeline that has nothing but it, and the blocks that it holds. */
export function exportBlock(name: string): void {
  const { blocks } = useEditor.getState().pipeline;
  download(`${name}.json`, writePipeline({ ...emptyPipeline(name), blocks: blocksOf([{ type: name }], blocks) }));
}

/** Adds the blocks of a file to the pipeline. @throws FlamingoError INVALID_PIPELINE, or NOT_FOUND if it has none */
export async function importBlocks(file: File): Promise<void> {
  const part = readPipeline(await file.text(), file.name);
  const { pipeline, library } = useEditor.getState();
  const { blocks, names } = bring(part, pipeline.blocks, library);
  if (names.size === 0) {
    const fix = "choose a file that a block, or a pipeline with blocks of its own, was exported to";
    throw new FlamingoError("NOT_FOUND", `${file.name} has no blocks`, { source: file.name, fix });
  }
  commitPipeline("Import blocks", { ...pipeline, blocks: { ...blocks } });
  tell(`Imported ${[...names.values()].join(", ")}`);
}
