import type { BlockLookup } from "../core/block.ts";
import type { Catalog } from "../core/catalog.ts";
import { countParameters, describeWeights } from "../core/describeWeights.ts";
import { checkPipeline, type GraphWithBlocks } from "./check.ts";
import { type GraphBlock, optionsOf } from "./graph.ts";
import { catalogWith, withGraphBlocks } from "./graphBlock.ts";
import { fullConfig } from "./solve.ts";

/** How many parameters a node has, and how many of them are trained. */
export interface ParameterCount {
  weights: number;
  trainable: number;
}

/** The parameters of each node of a graph, without making any; none for a node that cannot be made, whose problem `checkPipeline` names. */
export function parameterCounts(
  graph: GraphWithBlocks,
  library: Catalog,
  findBlock: BlockLookup,
): Record<string, ParameterCount> {
  const blocks = graph.blocks ?? {};
  const none = { weights: 0, trainable: 0 };
  const counts: Record<string, ParameterCount> = Object.fromEntries(Object.keys(graph.nodes).map((id) => [id, none]));
  if (checkPipeline({ nodes: {}, edges: [], blocks }, library).length > 0) return counts;
  const find = withGraphBlocks(blocks, findBlock);
  const catalog = catalogWith(library, blocks);
  for (const [id, node] of Object.entries(graph.nodes)) {
    const [block, entry] = [find(node.type), catalog[node.type]];
    if (!block || !entry || node.shares) continue;
    try {
      counts[id] = countParameters(describeWeights(block, fullConfig(node, entry), { ...optionsOf(node), find }));
    } catch {
      // it cannot be made as it is configured
    }
  }
  return counts;
}

/** The parameters of each node of a block's inside. */
export function insideCounts(
  inside: GraphBlock,
  weights: ReturnType<typeof describeWeights>,
): Record<string, ParameterCount> {
  const counts = Object.entries(inside.nodes).map(([id, { shares = id }]) => {
    const own = weights.filter(({ name }) => name === shares || name.startsWith(`${shares}.`));
    return [id, countParameters(own)];
  });
  return Object.fromEntries(counts);
}
