import { freshId, type Position, partOf } from "../../../src/graph/edit.ts";
import { emptyPipeline, type Pipeline, parsePipeline } from "../../../src/pipeline/schema.ts";

/** A part of a pipeline as a pipeline of its own: the nodes, and the wires between them. */
export function cutOut(pipeline: Pipeline, ids: readonly string[]): Pipeline {
  const kept = new Set(ids.filter((id) => id in pipeline.nodes));
  return { ...emptyPipeline("Part"), ...partOf(pipeline, (id) => kept.has(id)) };
}

/** Puts a part into a pipeline under new ids, moved by `offset`. Returns the new ids too. */
export function paste(pipeline: Pipeline, part: Pipeline, offset: Position): { pipeline: Pipeline; ids: string[] } {
  const renamed = new Map<string, string>();
  const nodes = { ...pipeline.nodes };
  const positions = { ...pipeline.view.positions };
  for (const [id, node] of Object.entries(part.nodes)) {
    const fresh = freshId({ nodes }, id);
    renamed.set(id, fresh);
    nodes[fresh] = node;
    const [x, y] = part.view.positions[id] ?? [0, 0];
    positions[fresh] = [x + offset[0], y + offset[1]];
  }
  const edges = part.edges.flatMap(({ from, to }) => {
    const [source, target] = [renamed.get(from[0]), renamed.get(to[0])];
    return source && target ? [{ from: [source, from[1]] as End, to: [target, to[1]] as End }] : [];
  });
  const grown = { ...pipeline, nodes, edges: [...pipeline.edges, ...edges], view: { positions } };
  return { pipeline: grown, ids: [...renamed.values()] };
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
