import type { Catalog } from "../../../src/core/catalog.ts";
import { freshAnnotationId, withAnnotations, withMembers } from "../../../src/graph/edit/annotations.ts";
import { freshId, type Position } from "../../../src/graph/edit/drawnGraph.ts";
import { type EditedGraph, freshBlockName } from "../../../src/graph/edit/place.ts";
import { withTypesRenamed } from "../../../src/graph/edit/renameBlock.ts";
import { type GraphBlocks, type GraphNode, type GraphView, type Group, typesIn } from "../../../src/graph/graph.ts";
import { emptyPipeline, type Pipeline, parsePipeline } from "../../../src/pipeline/schema.ts";

/** A part of a graph as a pipeline of its own: nodes, notes and groups, the wires between them, and the pipeline's own blocks that they use. */
export function cutOut(graph: EditedGraph, chosen: readonly string[], blocks: GraphBlocks): Pipeline {
  const kept = new Map<string, string>();
  const ids = withMembers(graph, chosen);
  const { notes = {}, groups = {} } = graph.view;
  for (const id of ids) {
    if (id in notes) kept.set(id, id);
    if (!(id in graph.nodes)) continue;
    // An id in a block may begin with a digit.
    const taken = Object.fromEntries([...kept.values()].map((known) => [known, true]));
    kept.set(id, /^[a-z]/.test(id) ? id : freshId({ nodes: taken as never }, "node"));
  }
  const pick = <T>(record: Record<string, T>) =>
    Object.fromEntries(Object.entries(record).flatMap(([id, value]) => (kept.has(id) ? [[kept.get(id)!, value]] : [])));
  const nodes = Object.entries(pick(graph.nodes)).map(([id, { shares, ...node }]): [string, GraphNode] => {
    const owner = shares === undefined ? undefined : kept.get(shares);
    return [id, owner === undefined ? node : { ...node, shares: owner }];
  });
  return {
    ...emptyPipeline("Part"),
    nodes: Object.fromEntries(nodes),
    edges: graph.edges.flatMap(({ from, to }) => {
      const [source, target] = [kept.get(from[0]), kept.get(to[0])];
      return source && target ? [{ from: [source, from[1]] as End, to: [target, to[1]] as End }] : [];
    }),
    blocks: blocksOf(nodes, blocks),
    view: withAnnotations(
      { positions: pick(graph.view.positions) },
      { notes: pick(notes), groups: groupsAmong(groups, ids, kept) },
    ),
  };
}

/** Those of the groups that are named, with the members that are known, under their new ids. */
function groupsAmong(groups: Record<string, Group>, ids: readonly string[], known: ReadonlyMap<string, string>) {
  const chosen = Object.entries(groups).flatMap(([id, group]): [string, Group][] => {
    const members = group.members.flatMap((member) => known.get(member) ?? []);
    return ids.includes(id) && members.length > 0 ? [[id, { ...group, members }]] : [];
  });
  return Object.fromEntries(chosen);
}

/** The own blocks that nodes use, and those within them. */
export function blocksOf(nodes: unknown, blocks: GraphBlocks): Pipeline["blocks"] {
  const found: Pipeline["blocks"] = {};
  const queue = typesIn(nodes);
  for (const type of queue) {
    if (type in found || !Object.hasOwn(blocks, type)) continue;
    found[type] = blocks[type]!;
    queue.push(...typesIn(Object.values(blocks[type]!.nodes)));
  }
  return found;
}

/**
 * Puts a part into a graph under new ids, moved by `offset`. Blocks that it brings along, and that are not there already, are added.
 * @param blocks the pipeline's own blocks
 * @returns the graph, the new ids, and the pipeline's own blocks then
 */
export function paste<G extends EditedGraph>(
  graph: G,
  part: Pipeline,
  offset: Position,
  blocks: GraphBlocks,
  catalog: Catalog,
): { graph: G; ids: string[]; blocks: GraphBlocks } {
  const brought = bring(part, blocks, catalog);
  const renamed = new Map<string, string>();
  const nodes = { ...graph.nodes };
  const positions = { ...graph.view.positions };
  for (const id of Object.keys(part.nodes)) {
    const fresh = freshId({ nodes }, id);
    renamed.set(id, fresh);
    nodes[fresh] = part.nodes[id]!;
    const [x, y] = part.view.positions[id] ?? [0, 0];
    positions[fresh] = [x + offset[0], y + offset[1]];
  }
  for (const [id, fresh] of renamed) nodes[fresh] = pasted(part.nodes[id]!, renamed, brought.names);
  const edges = part.edges.flatMap(({ from, to }) => {
    const [source, target] = [renamed.get(from[0]), renamed.get(to[0])];
    return source && target ? [{ from: [source, from[1]] as End, to: [target, to[1]] as End }] : [];
  });
  let view: GraphView = { ...graph.view, positions };
  for (const [id, note] of Object.entries(part.view.notes ?? {})) {
    const fresh = freshAnnotationId(view, "note");
    renamed.set(id, fresh);
    const [x, y] = part.view.positions[id] ?? [0, 0];
    positions[fresh] = [x + offset[0], y + offset[1]];
    view = { ...view, notes: { ...view.notes, [fresh]: note } };
  }
  const groups = part.view.groups ?? {};
  for (const group of Object.values(groupsAmong(groups, Object.keys(groups), renamed))) {
    const fresh = freshAnnotationId(view, "group");
    view = { ...view, groups: { ...view.groups, [fresh]: group } };
  }
  const grown = { ...graph, nodes, edges: [...graph.edges, ...edges], view };
  return { graph: grown, ids: [...renamed.values()], blocks: brought.blocks };
}

/** A node as it is in the graph. */
function pasted(
  { shares, ...node }: GraphNode,
  renamed: ReadonlyMap<string, string>,
  names: ReadonlyMap<string, string>,
): GraphNode {
  const owner = shares === undefined ? undefined : renamed.get(shares);
  return {
    ...withTypesRenamed(node, names),
    ...(owner === undefined ? {} : { shares: owner }),
  };
}

/** The own blocks with those of a part, and what those are called here: another block of the name may be there. */
export function bring(part: Pick<Pipeline, "blocks">, blocks: GraphBlocks, catalog: Catalog) {
  const names = new Map<string, string>();
  const taken: Record<string, unknown> = { ...catalog, ...blocks };
  for (const [name, block] of Object.entries(part.blocks)) {
    const isHere = Object.hasOwn(blocks, name) && JSON.stringify(blocks[name]) === JSON.stringify(block);
    const fresh = isHere || !(name in taken) ? name : freshBlockName(taken, name);
    taken[fresh] = block;
    names.set(name, fresh);
  }
  const added = Object.entries(part.blocks).map(([name, block]) => [
    names.get(name)!,
    { ...block, nodes: withTypesRenamed(block.nodes, names) },
  ]);
  return { names, blocks: added.length === 0 ? blocks : { ...blocks, ...Object.fromEntries(added) } };
}

type End = [string, string];

/** Reads what was copied; undefined if it is no part of a pipeline. */
export function readPart(text: string | null): Pipeline | undefined {
  if (!text) return undefined;
  try {
    return parsePipeline(JSON.parse(text), "the clipboard");
  } catch {
    return undefined;
  }
}
