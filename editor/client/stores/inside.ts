import { fullConfig } from "../../../src/graph/solve.ts";
import type { TraceRequest } from "../../shared/protocol.ts";
import { setInside, useEditor } from "./editor.ts";

/** Opens a node of the pipeline to its inside. */
export function openNode(id: string): void {
  const { pipeline, catalog, solution } = useEditor.getState();
  const node = pipeline.nodes[id];
  const entry = node && catalog[node.type];
  if (!node || entry?.kind !== "composite") return;
  const wired = new Set(pipeline.edges.filter((edge) => edge.to[0] === id).map((edge) => edge.to[1]));
  const inputs = Object.entries(solution.inputs[id] ?? {}).filter(
    ([port]) => wired.has(port) || !entry.inputs[port]!.optional,
  );
  const request: TraceRequest = {
    type: node.type,
    config: fullConfig(node, entry) as TraceRequest["config"],
    inputs: Object.fromEntries(inputs),
    ...(node.frozen ? { frozen: node.frozen } : {}),
    blocks: pipeline.blocks,
  };
  setInside([{ title: node.label ?? entry.title, request }]);
}
