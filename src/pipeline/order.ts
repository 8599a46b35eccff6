import type { Pipeline, PipelineEdge } from "./schema.ts";

/**
 * Node ids so that each comes after what it depends on, stable by id; or the ids of a circle if there is one.
 * Iterative, so that a long chain costs no stack.
 */
export function topologicalOrder(pipeline: Pick<Pipeline, "nodes" | "edges">): { order: string[]; cycle?: string[] } {
  const ids = Object.keys(pipeline.nodes).sort();
  const edges = pipeline.edges.filter((edge) => edge.from[0] in pipeline.nodes && edge.to[0] in pipeline.nodes);
  const missing = new Map(ids.map((id) => [id, 0]));
  const next = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const edge of edges) {
    missing.set(edge.to[0], missing.get(edge.to[0])! + 1);
    next.get(edge.from[0])!.push(edge.to[0]);
  }
  const ready = ids.filter((id) => missing.get(id) === 0);
  const order: string[] = [];
  while (ready.length > 0) {
    const id = ready.shift()!;
    order.push(id);
    for (const follower of next.get(id)!) {
      missing.set(follower, missing.get(follower)! - 1);
      if (missing.get(follower) === 0) insertSorted(ready, follower);
    }
  }
  if (order.length === ids.length) return { order };
  const placed = new Set(order);
  return { order, cycle: findCycle(edges, ids.find((id) => !placed.has(id))!, placed) };
}

/** The ids that a node depends on, itself included. */
export function ancestors(edges: readonly PipelineEdge[], targets: readonly string[]): Set<string> {
  const found = new Set(targets);
  const queue = [...targets];
  while (queue.length > 0) {
    const id = queue.pop()!;
    for (const edge of edges) {
      if (edge.to[0] !== id || found.has(edge.from[0])) continue;
      found.add(edge.from[0]);
      queue.push(edge.from[0]);
    }
  }
  return found;
}

/** Walks backwards among the nodes that were never ready, until one comes again. */
function findCycle(edges: readonly PipelineEdge[], start: string, placed: Set<string>): string[] {
  const path = [start];
  for (;;) {
    const last = path[path.length - 1]!;
    const before = edges.find((edge) => edge.to[0] === last && !placed.has(edge.from[0]))!.from[0];
    const seen = path.indexOf(before);
    if (seen >= 0) return [...path.slice(seen), before].reverse();
    path.push(before);
  }
}

function insertSorted(list: string[], id: string): void {
  const at = list.findIndex((other) => other > id);
  list.splice(at < 0 ? list.length : at, 0, id);
}
