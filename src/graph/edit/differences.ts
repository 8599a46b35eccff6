import { computationOfNode } from "../computation.ts";
import type { Graph, GraphEdge } from "../graph.ts";

/** How a graph differs from another one, by the ids of nodes. */
export interface Differences {
  added: string[];
  changed: string[];
  removed: string[];
  edges: { added: GraphEdge[]; removed: GraphEdge[] };
}

/** What of a changed copy differs from its original. Where nodes stand, and their labels, are no difference. */
export function differences(original: Graph, changed: Graph): Differences {
  const [before, after] = [original, changed].map(({ nodes }) => Object.keys(nodes)) as [string[], string[]];
  const keyOf = ({ from, to }: GraphEdge) => [...from, ...to].join("\n");
  const without = (some: readonly GraphEdge[], others: readonly GraphEdge[]) => {
    const known = new Set(others.map(keyOf));
    return some.filter((edge) => !known.has(keyOf(edge)));
  };
  return {
    added: after.filter((id) => !Object.hasOwn(original.nodes, id)),
    changed: after.filter(
      (id) =>
        Object.hasOwn(original.nodes, id) &&
        computationOfNode(original.nodes[id]!) !== computationOfNode(changed.nodes[id]!),
    ),
    removed: before.filter((id) => !Object.hasOwn(changed.nodes, id)),
    edges: {
      added: without(changed.edges, original.edges),
      removed: without(original.edges, changed.edges),
    },
  };
}

export function areSame({ added, changed, removed, edges }: Differences): boolean {
  return [added, changed, removed, edges.added, edges.removed].every((list) => list.length === 0);
}
