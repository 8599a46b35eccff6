import { type Edge, type Node, ReactFlow } from "@xyflow/react";
import { createRoot } from "react-dom/client";

/** Draws so many empty nodes in rows of 25, each wired to the next. */
function show(count: number): void {
  const nodes: Node[] = Array.from({ length: count }, (_, index) => ({
    id: `n${index}`,
    position: { x: (index % 25) * 300, y: Math.floor(index / 25) * 200 },
    data: { label: "" },
  }));
  const edges: Edge[] = nodes
    .slice(1)
    .map(({ id }, index) => ({ id: `e${index}`, source: nodes[index]!.id, target: id }));
  createRoot(document.getElementById("root")!).render(
    <ReactFlow defaultNodes={nodes} defaultEdges={edges} fitView minZoom={0.05} />,
  );
}

Object.assign(window, { show });
