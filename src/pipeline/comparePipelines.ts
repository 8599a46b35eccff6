import { areSame, type Differences, differences, type FieldChange, fieldChanges } from "../graph/edit/differences.ts";
import type { EditedGraph } from "../graph/edit/place.ts";
import type { GraphBlock } from "../graph/graph.ts";
import type { Pipeline } from "./schema.ts";

/** A graph of two pipelines in which they differ: the pipelines themselves, or a block of theirs. */
export interface ComparedGraph {
  /** Name of the block; undefined for the pipelines themselves. */
  block: string | undefined;
  before: EditedGraph;
  after: EditedGraph;
  differences: Differences;
  /** What differs in each changed node. */
  fields: Record<string, FieldChange[]>;
}

/**
 * In which graphs two pipelines differ. A block that one of them alone has is compared with what it was made from.
 * @param originalOf the inside of what a changed copy was made from, where it is known
 */
export function comparePipelines(
  before: Pipeline,
  after: Pipeline,
  originalOf: (block: GraphBlock, of: Pipeline) => GraphBlock | undefined,
): ComparedGraph[] {
  const names = [...new Set([...Object.keys(before.blocks), ...Object.keys(after.blocks)])];
  const blocks = names.flatMap((name) => {
    const [old, fresh] = [ownBlock(before, name), ownBlock(after, name)];
    const one = old ?? (fresh && originalOf(fresh, after));
    const other = fresh ?? (old && originalOf(old, before));
    return one && other ? [compared(name, one, other)] : [];
  });
  return [compared(undefined, before, after), ...blocks].filter((each) => !areSame(each.differences));
}

function ownBlock({ blocks }: Pipeline, name: string): GraphBlock | undefined {
  return Object.hasOwn(blocks, name) ? blocks[name] : undefined;
}

function compared(block: string | undefined, before: EditedGraph, after: EditedGraph): ComparedGraph {
  const found = differences(before, after);
  const fields = found.changed.map((id) => [id, fieldChanges(before.nodes[id]!, after.nodes[id]!)] as const);
  return { block, before, after, differences: found, fields: Object.fromEntries(fields) };
}
