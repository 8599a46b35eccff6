import type { BlockLookup } from "../core/block.ts";
import { describeWeights } from "../core/describeWeights.ts";
import { type Inherited, inherited } from "../core/inherited.ts";
import type { Ports } from "../core/port.ts";
import {
  type Graph,
  type GraphBlock,
  type GraphEdge,
  type GraphNode,
  graphInputs,
  graphOutputs,
  inputsOf,
  optionsOf,
} from "../graph/graph.ts";
import { trace } from "../graph/trace.ts";
import type { Plan, PlanNode } from "./compile.ts";

/** A node of a plan with blocks inlined. */
export interface InlinedNode extends PlanNode {
  /** What it has from the blocks around it; absent for a node of the pipeline. */
  around?: Inherited;
}

/** A plan with blocks inlined: it computes the same bits, under the same names of weights. */
export interface InlinedPlan extends Plan {
  nodes: Record<string, InlinedNode>;
}

/**
 * Puts the inside of blocks in their place: of those that process images one by one somewhere inside, and do more than that.
 * A run computes its nodes one by one, so that it can keep the features of an image that comes again, and encode the images of a prompt once.
 *
 * A node inside is named by its path: the encoder of `flamingo` is `flamingo.vision_encoder`, as its weights are.
 * @param find finds the blocks of the plan's nodes
 */
export function inlined(plan: Plan, find: BlockLookup): InlinedPlan {
  const openings = new Openings(find);
  let result: InlinedPlan = plan;
  const waiting = Object.keys(plan.nodes);
  for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
    const node = result.nodes[id]!;
    const inside = openings.of(result, id, node);
    if (!inside || !openings.processImages(inside) || !hasAllWeights(inside, node, find)) continue;
    waiting.unshift(...Object.keys(inside.nodes).map((child) => `${id}.${child}`));
    result = withInside(result, node, inside, find);
  }
  return result;
}

/** The insides of blocks, and whether any block in them processes images one by one. */
class Openings {
  readonly #find: BlockLookup;
  readonly #known = new Map<string, boolean>();

  constructor(find: BlockLookup) {
    this.#find = find;
  }

  /** The inside of a node's block; undefined for one that has none, or that processes images one by one as a whole. */
  of(graph: Graph, id: string, { type, config }: GraphNode): GraphBlock | undefined {
    const block = this.#find(type);
    if (!block || block.kind === "primitive" || block.perImage) return undefined;
    const given = Object.keys(inputsOf(graph, id)).map((port) => [port, (block.inputs as Ports)[port]!.shape]);
    return trace(block, config, { inputs: Object.fromEntries(given), find: this.#find });
  }

  processImages(graph: Graph): boolean {
    return Object.entries(graph.nodes).some(([id, node]) => {
      if (this.#find(node.type)?.perImage) return true;
      // The layers of a stack are all alike.
      const key = JSON.stringify([node.type, node.config, Object.keys(inputsOf(graph, id)).sort()]);
      const known = this.#known.get(key);
      if (known !== undefined) return known;
      const inside = this.of(graph, id, node);
      const found = inside !== undefined && this.processImages(inside);
      this.#known.set(key, found);
      return found;
    });
  }
}

/** Whether the calls in an inside have all weights of the block: it may hold some that it does not use for these inputs. */
function hasAllWeights(inside: GraphBlock, node: GraphNode, find: BlockLookup): boolean {
  const count = ({ type, config }: GraphNode) => describeWeights(find(type)!, config, { find }).length;
  const parts = Object.values(inside.nodes).filter(({ shares }) => shares === undefined);
  return parts.reduce((sum, part) => sum + count(part), 0) === count(node);
}

function withInside(plan: InlinedPlan, node: InlinedNode, inside: GraphBlock, find: BlockLookup): InlinedPlan {
  const { id, shares = id } = node;
  const sources = inputsOf(plan, id);
  /** Where a value inside comes from in the plan; undefined for an input that is not connected. */
  const sourceOf = ([from, port]: GraphEdge["from"]): GraphEdge["from"] | undefined => {
    if (from !== graphInputs) return [`${id}.${from}`, port];
    return sources[port] && [sources[port].node, sources[port].port];
  };
  const around = inherited(find(node.type)!, optionsOf(node), node.around);
  const parts = Object.entries(inside.nodes).map(([child, part]): [string, InlinedNode] => {
    const { kind, title, outputs } = find(part.type)!;
    const owner = part.shares ?? (shares === id ? undefined : child);
    return [
      `${id}.${child}`,
      {
        ...part,
        ...(owner === undefined ? {} : { shares: `${shares}.${owner}` }),
        ...{ id: `${id}.${child}`, kind, label: title, around },
        outputs: Object.fromEntries(Object.entries(outputs as Ports).map(([port, { shape }]) => [port, shape])),
      },
    ];
  });
  const results = inputsOf(inside, graphOutputs);
  const outside = plan.edges
    .filter(({ to }) => to[0] !== id)
    .map(({ from, to }) => {
      const result = from[0] === id ? results[from[1]] : undefined;
      return { from: result ? sourceOf([result.node, result.port]) : from, to };
    });
  const within = inside.edges
    .filter(({ to }) => to[0] !== graphOutputs)
    .map(({ from, to }) => ({ from: sourceOf(from), to: [`${id}.${to[0]}`, to[1]] }));
  return {
    ...plan,
    nodes: Object.fromEntries(Object.entries(plan.nodes).flatMap((entry) => (entry[0] === id ? parts : [entry]))),
    edges: [...outside, ...within].filter((edge): edge is GraphEdge => edge.from !== undefined),
  };
}
