import { reportOf } from "../../../src/core/errors.ts";
import { backToOriginal } from "../../../src/graph/edit/changeInside.ts";
import { blockAt, type Step } from "../../../src/graph/edit/place.ts";
import type { Inside, TraceRequest } from "../../shared/protocol.ts";
import { commitPipeline, goInside, setTrace, useEditor } from "./editor.ts";
import { sendJson } from "./request.ts";

/** Opens a node of what is shown to its inside, or what fills a slot of it. */
export function openNode(node: string, slot?: readonly string[]): void {
  const { path, solvable, catalog } = useEditor.getState();
  const at = solvable.nodes[node];
  const block = at && blockAt(at, slot, catalog);
  if (!block || catalog[block.type]?.kind !== "composite") return;
  goInside([...path, slot && slot.length > 0 ? { node, slot } : { node }]);
}

/** Goes out by one block. */
export function leaveInside(): void {
  const { path } = useEditor.getState();
  goInside(path.slice(0, -1));
}

/** Goes to where a pipeline's own block is used. */
export function goToBlock(name: string): void {
  const { pipeline, catalog } = useEditor.getState();
  const find = (nodes: typeof pipeline.nodes, path: readonly Step[]): readonly Step[] | undefined => {
    for (const [node, { type }] of Object.entries(nodes)) {
      const way = [...path, { node }];
      if (type === name) return way;
      const deeper = catalog[type] && Object.hasOwn(pipeline.blocks, type) && find(pipeline.blocks[type]!.nodes, way);
      if (deeper) return deeper;
    }
    return undefined;
  };
  const way = find(pipeline.nodes, []);
  if (way) goInside(way);
}

/** Puts the block back that the one that is open was made from. */
export function restoreOriginal(): void {
  const { pipeline, opened, library } = useEditor.getState();
  const next = backToOriginal(pipeline, opened, library);
  if (next) commitPipeline("Back to the original", next, { select: [] });
}

/** Asks the server for whatever is opened, for good. */
export function followInsides(): void {
  const asked = new Set<string>();
  useEditor.subscribe((now) => {
    if (now.missing) void ask(now.missing);
    if (now.originalAsked) void ask(now.originalAsked);
    // A block with something wrong in it cannot be made, so there is nothing to count.
    const isSound = !now.problems.some(({ inside }) => inside !== undefined);
    for (const { request, own } of now.opened) if (own === undefined || isSound) void ask(request);
  });
  const ask = async (request: TraceRequest) => {
    const key = JSON.stringify(request);
    if (asked.has(key) || useEditor.getState().traces.has(key)) return;
    asked.add(key);
    try {
      setTrace(request, await sendJson<Inside>("POST", "/api/trace", request));
    } catch (error) {
      setTrace(request, { fault: reportOf(error) });
    } finally {
      asked.delete(key);
    }
  };
}
