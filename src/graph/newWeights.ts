import type { BlockLookup } from "../core/block.ts";
import type { Catalog } from "../core/catalog.ts";
import { describeWeights } from "../core/describeWeights.ts";
import { sizeOf } from "../core/shape.ts";
import { checkPipeline, type GraphWithBlocks, type Problem } from "./check.ts";
import { type GraphBlocks, type GraphNode, optionsOf } from "./graph.ts";
import { catalogWith, withGraphBlocks } from "./graphBlock.ts";
import { fullConfig } from "./solve.ts";

/** Weights of a node that the block which it was changed from does not have: no checkpoint of that one holds them. */
export interface NewWeights {
  /** How many numbers. */
  weights: number;
  /** Their names, inside the node. */
  names: string[];
  /** Names of those that are frozen, and so would stay as they were drawn. */
  frozen: string[];
}

/** The new weights of each node that is, or holds, a changed copy of a block; no entry for a node that has none. */
export function newWeights(
  graph: GraphWithBlocks,
  library: Catalog,
  findBlock: BlockLookup,
): Record<string, NewWeights> {
  const blocks = graph.blocks ?? {};
  const found: Record<string, NewWeights> = {};
  if (checkPipeline({ nodes: {}, edges: [], blocks }, library).length > 0) return found;
  const find = withGraphBlocks(blocks, findBlock);
  const catalog = catalogWith(library, blocks);
  const weightsOf = (node: GraphNode) =>
    describeWeights(find(node.type)!, fullConfig(node, catalog[node.type]!), { ...optionsOf(node), find });
  for (const [id, node] of Object.entries(graph.nodes)) {
    const original = unchanged(node, blocks);
    if (original === node) continue;
    try {
      const before = new Set(weightsOf(original).map(({ name, shape }) => `${name} ${shape}`));
      const added = weightsOf(node).filter(({ name, shape }) => !before.has(`${name} ${shape}`));
      if (added.length === 0) continue;
      found[id] = {
        weights: added.reduce((sum, weight) => sum + sizeOf(weight), 0),
        names: added.map(({ name }) => name),
        frozen: added.filter(({ frozen }) => frozen).map(({ name }) => name),
      };
    } catch {
      // it cannot be made as it is configured, which `checkPipeline` tells
    }
  }
  return found;
}

/** New weights that are frozen never learn anything. */
export function frozenNewWeights(all: Readonly<Record<string, NewWeights>>): Problem[] {
  return Object.entries(all).flatMap(([node, { frozen }]): Problem[] => {
    if (frozen.length === 0) return [];
    const [first] = frozen;
    const which = frozen.length === 1 ? `"${first}"` : `${frozen.length} weights, such as "${first}"`;
    const message = `"${node}" has new and frozen weights, which would stay random: ${which}`;
    return [{ code: "INVALID_WEIGHTS", node, message, fix: "unfreeze the part that they are in" }];
  });
}

/** A node, or what fills a slot of it, with the originals of changed copies in their places; the same object if there are none. */
function unchanged<T>(value: T, blocks: GraphBlocks): T {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) {
    const items = value.map((each) => unchanged(each, blocks));
    return items.every((item, at) => item === value[at]) ? value : (items as T);
  }
  const { type } = value as { type?: unknown };
  const copy = typeof type === "string" && Object.hasOwn(blocks, type) ? blocks[type] : undefined;
  if (copy?.from !== undefined) return unchanged({ ...value, type: copy.from, config: copy.fromConfig ?? {} }, blocks);
  const entries = Object.entries(value).map(([key, each]) => [key, unchanged(each, blocks)] as const);
  const isSame = entries.every(([key, each]) => each === (value as Record<string, unknown>)[key]);
  return isSame ? value : (Object.fromEntries(entries) as T);
}
