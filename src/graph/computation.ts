import { sortedKeys } from "../core/json.ts";
import type { Graph, GraphBlocks, GraphNode } from "./graph.ts";

/**
 * What a graph computes, as text: equal for two graphs exactly if they have the same nodes, configurations, edges and blocks of their own.
 * Labels, positions, titles and the order in which things are written do not count.
 */
export function computationOf({ nodes, edges }: Graph, blocks: GraphBlocks = {}): string {
  return canonical({
    nodes: Object.fromEntries(Object.entries(nodes).map(([id, node]) => [id, withoutLabel(node)])),
    edges: edges.map(({ from, to }) => [...from, ...to].join(" ")).sort(),
    blocks: Object.fromEntries(
      Object.entries(blocks).map(([name, { title: _title, summary: _summary, view: _view, ...block }]) => [
        name,
        { ...block, ...JSON.parse(computationOf(block)) },
      ]),
    ),
  });
}

/** Whether two graphs, each with its blocks of its own, compute the same. */
export function sameComputation(a: Graph & { blocks: GraphBlocks }, b: Graph & { blocks: GraphBlocks }): boolean {
  return computationOf(a, a.blocks) === computationOf(b, b.blocks);
}

/** What one node computes, as text. */
export function computationOfNode(node: GraphNode): string {
  return canonical(withoutLabel(node));
}

function withoutLabel({ label: _label, ...node }: GraphNode): Omit<GraphNode, "label"> {
  return node;
}

function canonical(value: unknown): string {
  return JSON.stringify(value, sortedKeys);
}
