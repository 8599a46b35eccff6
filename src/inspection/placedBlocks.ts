import type { AnyBlock } from "../core/block.ts";
import type { SolvedShape } from "../core/shape.ts";
import { type TracedSource, trace } from "../core/trace.ts";
import type { Plan } from "../pipeline/compile.ts";

/** A block and its place in the model's graph. */
export interface PlacedBlock {
  /** Node of the plan that it is in. */
  node: string;
  /** Names of the blocks from there to it; empty for the node's own block. */
  path: readonly string[];
  /** Types of these blocks, from the node's own to this one. */
  types: readonly string[];
  /** Type of the block whose output each input port gets; undefined where it comes from outside of the enclosing block. */
  inputs: Readonly<Record<string, string | undefined>>;
}

/** Every block of a plan at any depth, in the order in which they are called: read off the graph that each block's code traces to. */
export function placedBlocks(plan: Plan, findBlock: (type: string) => AnyBlock | undefined): PlacedBlock[] {
  const typeOf = new Map(plan.nodes.map(({ id, type }) => [id, type]));
  const shapeOf = new Map(plan.nodes.map(({ id, outputs }) => [id, outputs]));
  return plan.nodes.flatMap(({ id, type, config, inputs }) => {
    const definition = findBlock(type);
    if (!definition) return [];
    const sources = Object.entries(inputs);
    const place: PlacedBlock = {
      node: id,
      path: [],
      types: [type],
      inputs: Object.fromEntries(sources.map(([port, from]) => [port, typeOf.get(from.node)])),
    };
    const shapes = Object.fromEntries(sources.map(([port, from]) => [port, shapeOf.get(from.node)![from.port]!]));
    return withInside(place, definition, config, shapes, findBlock);
  });
}

/** A block, and all that it is made of. */
function withInside(
  place: PlacedBlock,
  definition: AnyBlock,
  config: Record<string, unknown>,
  inputs: Record<string, SolvedShape>,
  findBlock: (type: string) => AnyBlock | undefined,
): PlacedBlock[] {
  if (definition.kind === "primitive") return [place];
  const { nodes } = trace(definition, config, inputs);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const shapeOf = ({ node, port }: TracedSource) =>
    (node === undefined ? inputs[port] : byId.get(node)!.outputs[port])!;
  const children = nodes.flatMap((node) => {
    const child: PlacedBlock = {
      node: place.node,
      path: [...place.path, node.id],
      types: [...place.types, node.type],
      inputs: mapped(node.inputs, ({ node: from }) => (from === undefined ? undefined : byId.get(from)!.type)),
    };
    const block = findBlock(node.type);
    return block ? withInside(child, block, node.config, mapped(node.inputs, shapeOf), findBlock) : [child];
  });
  return [place, ...children];
}

function mapped<A, B>(record: Record<string, A>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

/** The name of a place, as weights and probes are named. */
export function placeName({ node, path }: Pick<PlacedBlock, "node" | "path">): string {
  return [node, ...path].join(".");
}
