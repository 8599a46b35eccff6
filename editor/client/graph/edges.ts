import type { GraphEdge } from "../../../src/graph/graph.ts";

/** An id for every wire, in their order, that stays the same while others come and go. */
export function edgeIds(edges: readonly GraphEdge[]): string[] {
  const seen = new Map<string, number>();
  return edges.map((edge) => {
    const id = `${edge.from.join(".")} → ${edge.to.join(".")}`;
    const count = (seen.get(id) ?? 0) + 1;
    seen.set(id, count);
    return count === 1 ? id : `${id} (${count})`;
  });
}
