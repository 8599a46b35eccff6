import type { GraphOfBlocks } from "./place.ts";

/** A value with other names for the types in it, of nodes and of what fills slots. */
export function withTypesRenamed<T>(value: T, names: ReadonlyMap<string, string>): T {
  if (Array.isArray(value)) return value.map((each) => withTypesRenamed(each, names)) as T;
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([key, each]) => [
    key,
    key === "type" && typeof each === "string" ? (names.get(each) ?? each) : withTypesRenamed(each, names),
  ]);
  return Object.fromEntries(entries) as T;
}

/** Gives one of a pipeline's own blocks another name, wherever it is used, and other words. A block with a name stands in the palette. */
export function renameBlock<P extends GraphOfBlocks>(
  pipeline: P,
  name: string,
  { name: next, title, summary }: { name: string; title: string; summary: string },
): P {
  const names = new Map([[name, next]]);
  const entries = Object.entries(pipeline.blocks).map(([each, block]) => {
    const { nodes, from } = block;
    const renamed = {
      ...block,
      nodes: Object.fromEntries(Object.entries(nodes).map(([id, node]) => [id, nodeRenamed(node, names)])),
      ...(from === undefined ? {} : { from: names.get(from) ?? from }),
    };
    if (each !== name) return [each, renamed];
    const { local: _local, title: _title, summary: _summary, ...rest } = renamed;
    return [next, { ...rest, ...(title ? { title } : {}), ...(summary ? { summary } : {}) }];
  });
  const nodes = Object.entries(pipeline.nodes).map(([id, node]) => [id, nodeRenamed(node, names)]);
  return { ...pipeline, nodes: Object.fromEntries(nodes), blocks: Object.fromEntries(entries) };
}

/** The same object where nothing in it has the name, so that undo keeps only what changed. */
function nodeRenamed<N extends object>(node: N, names: ReadonlyMap<string, string>): N {
  const renamed = withTypesRenamed(node, names);
  return JSON.stringify(renamed) === JSON.stringify(node) ? node : renamed;
}
