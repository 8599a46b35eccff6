import type { Graph, GraphEdge } from "./graph.ts";

/**
 * Node ids so that each comes after what it depends on; or the ids of a cycle if there is one. Of nodes that are ready at the same
 * time the one that stands first in the graph comes first, so that a traced graph is computed in the order of the code.
 * Iterative, so that a long chain needs no stack.
 */
export function topologicalOrder(graph: Graph): { order: string[]; cycle?: string[] } {
  const ids = Object.keys(graph.nodes);
  const rank = new Map(ids.map((id, index) => [id, index]));
  const edges = graph.edges.filter((edge) => rank.has(edge.from[0]) && rank.has(edge.to[0]));
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
      if (missing.get(follower) === 0) insertByRank(ready, follower, rank);
    }
  }
  if (order.length === ids.length) return { order };
  const placed = new Set(order);
  return { order, cycle: findCycle(edges, ids.find((id) => !placed.has(id))!, placed) };
}

/** The ids that nodes depend on, themselves included. */
export function ancestors(edges: readonly GraphEdge[], targets: readonly string[]): Set<string> {
  const before = new Map<string, string[]>();
  for (const { from, to } of edges) {
    const list = before.get(to[0]);
    if (list) list.push(from[0]);
    else before.set(to[0], [from[0]]);
  }
  const found = new Set(targets);
  const queue = [...targets];
  while (queue.length > 0) {
    for (const id of before.get(queue.pop()!) ?? []) {
      if (found.has(id)) continue;
      found.add(id);
      queue.push(id);
    }
  }
  return found;
}

/** Walks backwards among the nodes that were never ready, until one comes again. */
function findCycle(edges: readonly GraphEdge[], start: string, placed: Set<string>): string[] {
  const path = [start];
  for (;;) {
    const last = path[path.length - 1]!;
    const before = edges.find((edge) => edge.to[0] === last && !placed.has(edge.from[0]))!.from[0];
    const seen = path.indexOf(before);
    if (seen >= 0) return [...path.slice(seen), before].reverse();
    path.push(before);
  }
}

function insertByRank(list: string[], id: string, rank: ReadonlyMap<string, number>): void {
  const at = list.findIndex((other) => rank.get(other)! > rank.get(id)!);
  list.splice(at < 0 ? list.length : at, 0, id);
}
