import type { Catalog } from "../../core/catalog.ts";
import { type GraphBlock, type GraphBlocks, type GraphNode, typesIn } from "../graph.ts";
import type { DrawnGraph } from "./drawnGraph.ts";

/** A graph that is edited: a pipeline, or the inside of a block. */
export type EditedGraph = DrawnGraph & Partial<Pick<GraphBlock, "inputs" | "outputs" | "config">>;

/** A graph with blocks of its own. */
export type GraphOfBlocks = EditedGraph & { blocks: GraphBlocks };

/** A step into a block: to a node's block, or to the block in a slot of it. */
export interface Step {
  node: string;
  /** Fields that lead to the slot. */
  slot?: readonly string[];
}

/** A block with its configuration, as a node or a slot has it. */
export interface ConfiguredBlock {
  type: string;
  config: GraphNode["config"];
  /** Name of the pretrained weights that it starts from. */
  weights?: string | undefined;
}

/** The block of a node, or of a slot of it; undefined if the slot is empty. */
export function blockAt(
  node: ConfiguredBlock,
  slot: readonly string[] = [],
  catalog: Catalog,
): ConfiguredBlock | undefined {
  const [field, ...rest] = slot;
  if (field === undefined) return node;
  const value = node.config[field] === undefined ? catalog[node.type]?.defaults[field] : node.config[field];
  const filling = value as Partial<ConfiguredBlock> | null | undefined;
  if (typeof filling?.type !== "string") return undefined;
  return blockAt({ ...filling, type: filling.type, config: filling.config ?? {} }, rest, catalog);
}

/** A node with another block, or with another one in a slot of it. What it starts from stays. */
export function withBlockAt<N extends ConfiguredBlock>(
  node: N,
  slot: readonly string[] = [],
  { type, config }: Pick<ConfiguredBlock, "type" | "config">,
  catalog: Catalog,
): N {
  const [field, ...rest] = slot;
  if (field === undefined) return { ...node, type, config };
  const filling = blockAt(node, [field], catalog);
  const changed = filling ? withBlockAt(filling, rest, { type, config }, catalog) : { type, config };
  return { ...node, config: { ...node.config, [field]: changed as unknown as GraphNode["config"][string] } };
}

/** At how many places of a graph each of its own blocks is, counting those within blocks. */
export function placesOf({ nodes, blocks }: Pick<GraphOfBlocks, "nodes" | "blocks">): Map<string, number> {
  const users = new Map<string, { around: string | undefined }[]>();
  const note = (around: string | undefined, value: unknown) => {
    for (const type of typesIn(value))
      if (Object.hasOwn(blocks, type)) users.set(type, [...(users.get(type) ?? []), { around }]);
  };
  note(undefined, Object.values(nodes));
  for (const [name, block] of Object.entries(blocks)) note(name, Object.values(block.nodes));
  const counts = new Map<string, number>();
  const count = (name: string, within: readonly string[]): number => {
    const known = counts.get(name);
    if (known !== undefined || within.includes(name)) return known ?? 0;
    const sum = (users.get(name) ?? []).reduce(
      (total, { around }) => total + (around === undefined ? 1 : count(around, [...within, name])),
      0,
    );
    counts.set(name, sum);
    return sum;
  };
  for (const name of Object.keys(blocks)) count(name, []);
  return counts;
}

/** Without blocks that were made for one place, and are at none any more. */
export function withoutUnused<G extends GraphOfBlocks>(graph: G): G {
  const needed = new Set(typesIn(Object.values(graph.nodes)));
  const queue = [...needed, ...Object.keys(graph.blocks).filter((name) => !graph.blocks[name]!.local)];
  for (const name of queue) {
    needed.add(name);
    if (!Object.hasOwn(graph.blocks, name)) continue;
    for (const type of typesIn(Object.values(graph.blocks[name]!.nodes))) if (!needed.has(type)) queue.push(type);
  }
  const kept = Object.entries(graph.blocks).filter(([name]) => needed.has(name));
  return kept.length === Object.keys(graph.blocks).length ? graph : { ...graph, blocks: Object.fromEntries(kept) };
}

/** A name for a block that neither the library nor the pipeline has: `GatedXattnDense2`. */
export function freshBlockName(taken: Readonly<Record<string, unknown>>, base: string): string {
  const letters =
    base
      .replace(/[^a-zA-Z0-9]/g, "")
      .replace(/\d+$/, "")
      .slice(0, 56) || "Block";
  const stem = /^[a-zA-Z]/.test(letters) ? letters[0]!.toUpperCase() + letters.slice(1) : `Block${letters}`;
  if (!(stem in taken)) return stem;
  let count = 2;
  while (`${stem}${count}` in taken) count++;
  return `${stem}${count}`;
}
