import type { Catalog, EntryKind } from "../core/catalog.ts";
import { FlamingoError } from "../core/errors.ts";
import type { SolvedShape } from "../core/shape.ts";
import { checkPipeline } from "../graph/check.ts";
import type { Graph, GraphBlocks, GraphNode } from "../graph/graph.ts";
import { catalogWith } from "../graph/graphBlock.ts";
import { ancestors, topologicalOrder } from "../graph/order.ts";
import { withoutSkipped } from "../graph/skipped.ts";
import { fullConfig, solveShapes } from "../graph/solve.ts";
import type { Pipeline } from "./schema.ts";

/** A node of a plan: with its defaults filled in, and what is known of it. */
export interface PlanNode extends GraphNode {
  id: string;
  kind: EntryKind;
  label: string;
  outputs: Record<string, SolvedShape>;
}

/** What a run carries out: the part of the pipeline that its actions need, its nodes in the order in which they are computed. */
export interface Plan extends Graph {
  name: string;
  nodes: Record<string, PlanNode>;
  blocks: GraphBlocks;
  /** Ids of the actions, in the order in which they run. */
  actions: string[];
}

/**
 * Turns a pipeline into a plan: checked, solved, without muted and bypassed nodes, pruned to what the actions need, and ordered. Nodes
 * that no action needs may have unconnected inputs. A pure function of its arguments.
 * @param targets ids of the actions to run; all of them by default
 * @throws FlamingoError with the first problem that `checkPipeline` finds, NOT_FOUND for an unknown target, or NO_ACTION
 */
export function compile(whole: Pipeline, library: Catalog, targets?: readonly string[]): Plan {
  const catalog = catalogWith(library, whole.blocks);
  const { graph: pipeline } = withoutSkipped(whole, (type) => catalog[type]);
  const isAction = (id: string) => library[pipeline.nodes[id]?.type ?? ""]?.kind === "action";
  const chosen = targets ?? Object.keys(pipeline.nodes).filter(isAction);
  const needed = ancestors(pipeline.edges, chosen);
  const problem = checkPipeline(whole, library).find(
    ({ code, node, inside }) =>
      code !== "MISSING_INPUT" || inside !== undefined || chosen.length === 0 || needed.has(node!),
  );
  if (problem) {
    const { code, message, ...details } = problem;
    const block = problem.inside ?? problem.node;
    throw new FlamingoError(code, message, { ...details, ...(block ? { block } : {}) });
  }
  for (const id of chosen) {
    if (isAction(id)) continue;
    throw new FlamingoError("NOT_FOUND", `"${id}" is no action of this pipeline`, {
      fix: "name a Train or Evaluate node",
    });
  }
  if (chosen.length === 0) {
    throw new FlamingoError("NO_ACTION", `"${pipeline.name}" has nothing to run`, {
      fix: "add a Train node and connect a loss to it",
    });
  }
  const order = topologicalOrder(pipeline).order.filter((id) => needed.has(id));
  const { outputs } = solveShapes(pipeline, catalog);
  const nodes = order.map((id): [string, PlanNode] => {
    const node = pipeline.nodes[id]!;
    const entry = catalog[node.type]!;
    const { kind, title } = entry;
    return [
      id,
      {
        ...node,
        id,
        kind,
        label: node.label ?? title,
        config: fullConfig(node, entry) as never,
        outputs: outputs[id]!,
      },
    ];
  });
  return {
    name: pipeline.name,
    nodes: Object.fromEntries(nodes),
    edges: pipeline.edges.filter(({ to }) => needed.has(to[0])),
    blocks: pipeline.blocks,
    actions: order.filter(isAction),
  };
}
