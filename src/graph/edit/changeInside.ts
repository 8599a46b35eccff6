import type { Catalog } from "../../core/catalog.ts";
import type { Graph, GraphBlock } from "../graph.ts";
import { catalogWith } from "../graphBlock.ts";
import {
  blockAt,
  type ConfiguredBlock,
  freshBlockName,
  type GraphOfBlocks,
  placesOf,
  type Step,
  withBlockAt,
  withoutUnused,
} from "./place.ts";

/** A block that is open: how it was come to, its inside, and its name if it is one of the pipeline's own. */
export interface OpenBlock {
  step: Step;
  graph: GraphBlock;
  own?: string;
}

/** What a change of an inside is to change: this place only, all places of the block, or this place with a block that gets a name. */
export type Extent =
  | { kind: "here" }
  | { kind: "everywhere" }
  | { kind: "named"; name: string; title?: string; summary?: string };

/** Whether a change has a choice of extent: a block of the library is never changed itself, and an own one may be at several places. */
export function needsExtent(pipeline: GraphOfBlocks, path: readonly OpenBlock[]): boolean {
  const own = path.at(-1)?.own;
  return own === undefined || (placesOf(pipeline).get(own) ?? 0) > 1;
}

/**
 * Puts a changed inside into a pipeline. Where the block is the library's, or is at other places too, this place gets a copy of it, and
 * so do the blocks around it. A copy keeps the ids of its nodes, and so the names of their weights.
 * @param path the blocks that are open, from the outermost to the one whose inside was changed
 */
export function changeInside<P extends GraphOfBlocks>(
  pipeline: P,
  path: readonly OpenBlock[],
  changed: GraphBlock,
  extent: Extent,
  library: Catalog,
): P {
  const places = placesOf(pipeline);
  let [inside, blocks] = [changed, pipeline.blocks];
  for (let level = path.length - 1; level >= 0; level--) {
    const { step, own } = path[level]!;
    const chosen: Extent = level === path.length - 1 ? extent : { kind: "here" };
    const only = own !== undefined && (places.get(own) ?? 0) <= 1;
    if (own !== undefined && (chosen.kind === "everywhere" || (chosen.kind === "here" && only)))
      return withoutUnused({ ...pipeline, blocks: { ...blocks, [own]: inside } });
    const catalog = catalogWith(library, blocks);
    const around: Graph = level === 0 ? pipeline : path[level - 1]!.graph;
    const node = around.nodes[step.node]!;
    const before = blockAt(node, step.slot, catalog)!;
    const name = chosen.kind === "named" ? chosen.name : freshBlockName(catalog, inside.from ?? before.type);
    blocks = { ...blocks, [name]: copyOf(before, inside, chosen) };
    const after = { type: name, config: own === undefined ? {} : before.config };
    const nodes = { ...around.nodes, [step.node]: withBlockAt(node, step.slot, after, catalog) };
    if (level === 0) return withoutUnused({ ...pipeline, nodes, blocks });
    inside = { ...path[level - 1]!.graph, nodes };
  }
  return pipeline;
}

/** A changed inside as a block: with what it was made from, and with its own name and words if it has some. */
function copyOf(before: ConfiguredBlock, inside: GraphBlock, extent: Extent): GraphBlock {
  const { local, ...rest } = inside;
  // A copy of a copy that was made for one place comes from what that came from: it may be gone soon.
  const original = local && inside.from !== undefined ? {} : { from: before.type, fromConfig: before.config };
  if (extent.kind !== "named") return { ...rest, ...original, local: true };
  const { name, title = name, summary = inside.summary } = extent;
  return { ...rest, ...original, title, ...(summary ? { summary } : {}) };
}

/** Puts the block that a changed copy was made from back in its place; undefined if it is no copy, or the original is not there. */
export function backToOriginal<P extends GraphOfBlocks>(
  pipeline: P,
  path: readonly OpenBlock[],
  library: Catalog,
): P | undefined {
  const last = path.at(-1);
  const { from, fromConfig = {} } = last?.graph ?? {};
  const catalog = catalogWith(library, pipeline.blocks);
  if (!last || from === undefined || last.own === undefined || !(from in catalog)) return undefined;
  const outer = path.slice(0, -1);
  const around: Graph = outer.at(-1)?.graph ?? pipeline;
  const node = around.nodes[last.step.node]!;
  const original = withBlockAt(node, last.step.slot, { type: from, config: fromConfig }, catalog);
  const nodes = { ...around.nodes, [last.step.node]: original };
  if (outer.length === 0) return withoutUnused({ ...pipeline, nodes });
  return changeInside(pipeline, outer, { ...outer.at(-1)!.graph, nodes }, { kind: "here" }, library);
}
