import type { Place } from "../channels/place.ts";
import type { BlockLookup } from "../core/block.ts";
import type { Ports } from "../core/port.ts";
import { type Graph, type GraphNode, inputsOf } from "../graph/graph.ts";
import { trace } from "../graph/trace.ts";
import type { Plan } from "../pipeline/compile.ts";

/** A block and its place in the model's graph. */
export interface PlacedBlock extends Place {
  /** Types of these blocks, from the node's own to this one; of a changed copy, the type that it was made from. */
  types: readonly string[];
  config: Readonly<Record<string, unknown>>;
  /** Type of the block whose output each input port gets; undefined where it comes from outside of the enclosing block. */
  inputs: Readonly<Record<string, string | undefined>>;
}

/** Every block of a plan at any depth, in the order in which they are called: read off the graph that each block's code traces to. */
export function placedBlocks(plan: Plan, findBlock: BlockLookup): PlacedBlock[] {
  return Object.values(plan.nodes).flatMap((node) =>
    blocksAt(plan, node.id, node, { node: node.id, path: [], types: [] }, findBlock),
  );
}

/** The block of a node in a graph, and all that it is made of. */
function blocksAt(
  graph: Graph,
  id: string,
  { type, config }: GraphNode,
  place: Pick<PlacedBlock, "node" | "path" | "types">,
  findBlock: BlockLookup,
): PlacedBlock[] {
  const definition = findBlock(type);
  if (!definition) return [];
  const sources = Object.entries(inputsOf(graph, id));
  const block: PlacedBlock = {
    ...place,
    types: [...place.types, definition.from ?? type],
    config,
    inputs: Object.fromEntries(sources.map(([port, { node }]) => [port, graph.nodes[node]?.type])),
  };
  if (definition.kind === "primitive") return [block];
  const inputs = Object.fromEntries(sources.map(([port]) => [port, (definition.inputs as Ports)[port]!.shape]));
  const inside = trace(definition, config, { inputs, find: findBlock });
  const children = Object.entries(inside.nodes).flatMap(([child, node]) =>
    blocksAt(inside, child, node, { ...block, path: [...place.path, child] }, findBlock),
  );
  return [block, ...children];
}
