import type { Annotations } from "../../../src/graph/edit/annotations.ts";
import type { Position } from "../../../src/graph/edit/drawnGraph.ts";
import type { GraphBlock, GraphEdge, GraphNode } from "../../../src/graph/graph.ts";
import type { Pipeline } from "../../../src/pipeline/schema.ts";

/** What was, and what is instead; undefined where there was or is nothing. */
type Swap<T> = readonly [before: T | undefined, after: T | undefined];

/** A change of a pipeline that can be taken back: only what changed, as it was and as it is. */
export interface Delta {
  name?: readonly [string, string];
  description?: readonly [string, string];
  nodes: Record<string, Swap<GraphNode>>;
  /** Ids of all nodes, if one was added, removed or moved among the others: nodes are computed and saved in their order. */
  order?: readonly [string[], string[]];
  positions: Record<string, Swap<Position>>;
  annotations?: readonly [Annotations, Annotations];
  edges?: readonly [GraphEdge[], GraphEdge[]];
  blocks: Record<string, Swap<GraphBlock>>;
}

/** Whether two pipelines compute the same, by the identity of their parts: they may differ in name and positions. */
export function sameGraph(a: Pipeline, b: Pipeline): boolean {
  return a.nodes === b.nodes && a.edges === b.edges && a.blocks === b.blocks;
}

/** The change from one pipeline to another. Untouched parts are recognised by identity. */
export function diff(before: Pipeline, after: Pipeline): Delta {
  const [orderBefore, orderAfter] = [Object.keys(before.nodes), Object.keys(after.nodes)];
  return {
    ...(before.name === after.name ? {} : { name: [before.name, after.name] as const }),
    ...(before.description === after.description
      ? {}
      : { description: [before.description, after.description] as const }),
    nodes: diffRecord(before.nodes, after.nodes),
    ...(sameList(orderBefore, orderAfter) ? {} : { order: [orderBefore, orderAfter] as const }),
    positions: diffRecord<Position>(before.view.positions, after.view.positions),
    ...(before.view.notes === after.view.notes && before.view.groups === after.view.groups
      ? {}
      : { annotations: [annotationsOf(before), annotationsOf(after)] as const }),
    ...(sameList(before.edges, after.edges) ? {} : { edges: [before.edges, after.edges] as const }),
    blocks: diffRecord(before.blocks, after.blocks),
  };
}

export function applyDelta(pipeline: Pipeline, delta: Delta): Pipeline {
  return {
    ...pipeline,
    name: delta.name?.[1] ?? pipeline.name,
    description: delta.description?.[1] ?? pipeline.description,
    nodes: inOrder(applyRecord(pipeline.nodes, delta.nodes), delta.order?.[1]),
    edges: delta.edges?.[1] ?? pipeline.edges,
    blocks: applyRecord(pipeline.blocks, delta.blocks),
    view: {
      ...(delta.annotations?.[1] ?? annotationsOf(pipeline)),
      positions: applyRecord(pipeline.view.positions, delta.positions),
    },
  };
}

/** The change that takes this one back. */
export function invert(delta: Delta): Delta {
  const turn = <T>([before, after]: readonly [T, T]) => [after, before] as const;
  const turnAll = <T>(swaps: Record<string, Swap<T>>) =>
    Object.fromEntries(Object.entries(swaps).map(([key, swap]) => [key, turn(swap)]));
  return {
    ...(delta.name ? { name: turn(delta.name) } : {}),
    ...(delta.description ? { description: turn(delta.description) } : {}),
    nodes: turnAll(delta.nodes),
    ...(delta.order ? { order: turn(delta.order) } : {}),
    positions: turnAll(delta.positions),
    ...(delta.annotations ? { annotations: turn(delta.annotations) } : {}),
    ...(delta.edges ? { edges: turn(delta.edges) } : {}),
    blocks: turnAll(delta.blocks),
  };
}

/** One change in place of two that follow each other. */
export function combine(first: Delta, second: Delta): Delta {
  const join = <T>(a: readonly [T, T] | undefined, b: readonly [T, T] | undefined) =>
    a && b ? ([a[0], b[1]] as const) : (a ?? b);
  const joinAll = <T>(a: Record<string, Swap<T>>, b: Record<string, Swap<T>>) => {
    const all = { ...a };
    for (const [key, swap] of Object.entries(b)) all[key] = join(a[key], swap)!;
    return all;
  };
  const name = join(first.name, second.name);
  const description = join(first.description, second.description);
  const order = join(first.order, second.order);
  const edges = join(first.edges, second.edges);
  const annotations = join(first.annotations, second.annotations);
  return {
    ...(name ? { name } : {}),
    ...(description ? { description } : {}),
    nodes: joinAll(first.nodes, second.nodes),
    ...(order ? { order } : {}),
    positions: joinAll(first.positions, second.positions),
    ...(annotations ? { annotations } : {}),
    ...(edges ? { edges } : {}),
    blocks: joinAll(first.blocks, second.blocks),
  };
}

export function isEmpty(delta: Delta): boolean {
  const { name, description, order, edges, annotations, nodes, positions, blocks } = delta;
  if (name || description || order || edges || annotations) return false;
  return [nodes, positions, blocks].every((swaps) => Object.keys(swaps).length === 0);
}

/** Ids of the nodes, notes and groups that a change touches and leaves in place. */
export function touched(delta: Delta): string[] {
  const [before, after] = delta.annotations ?? [{}, {}];
  const drawn = { ...after.notes, ...after.groups };
  const former: Record<string, unknown> = { ...before.notes, ...before.groups };
  const annotated = Object.entries(drawn).flatMap(([id, each]) => (former[id] === each ? [] : [id]));
  const ids = new Set([...Object.keys(delta.nodes), ...Object.keys(delta.positions), ...annotated]);
  return [...ids].filter((id) => !(id in delta.nodes) || delta.nodes[id]![1] !== undefined);
}

function annotationsOf({ view: { notes, groups } }: Pipeline): Annotations {
  return { ...(notes ? { notes } : {}), ...(groups ? { groups } : {}) };
}

function diffRecord<T>(before: Record<string, T>, after: Record<string, T>): Record<string, Swap<T>> {
  const swaps: Record<string, Swap<T>> = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
    if (before[key] !== after[key]) swaps[key] = [before[key], after[key]];
  return swaps;
}

function applyRecord<T>(record: Record<string, T>, swaps: Record<string, Swap<T>>): Record<string, T> {
  if (Object.keys(swaps).length === 0) return record;
  const result = { ...record };
  for (const [key, [, after]] of Object.entries(swaps)) {
    if (after === undefined) delete result[key];
    else result[key] = after;
  }
  return result;
}

function inOrder<T>(record: Record<string, T>, ids: readonly string[] | undefined): Record<string, T> {
  return ids ? Object.fromEntries(ids.map((id) => [id, record[id]!])) : record;
}

function sameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
