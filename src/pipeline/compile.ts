import type { Catalog, EntryKind } from "../core/catalog.ts";
import { FlamingoError } from "../core/errors.ts";
import type { SolvedShape } from "../core/shape.ts";
import { checkPipeline } from "./check.ts";
import { ancestors, topologicalOrder } from "./order.ts";
import type { Pipeline } from "./schema.ts";
import { fullConfig, solveShapes } from "./solve.ts";

/** A node of a plan: everything that is needed to carry it out. */
export interface PlanNode {
  id: string;
  type: string;
  kind: EntryKind;
  label: string;
  /** With the defaults filled in. */
  config: Record<string, unknown>;
  frozen: boolean;
  weights?: string;
  /** Where each wired input comes from. */
  inputs: Record<string, { node: string; port: string }>;
  outputs: Record<string, SolvedShape>;
}

/** What a run carries out, in this order. A pure function of the pipeline, the catalog and the targets. */
export interface Plan {
  name: string;
  nodes: PlanNode[];
  /** Ids of the actions, in the order in which they run. */
  actions: string[];
}

/**
 * Turns a pipeline into a plan: checked, solved, pruned to what the actions need, and ordered. What no action needs may
 * lack inputs.
 * @param targets ids of the actions to run; all of them by default
 * @throws FlamingoError with the first problem that `checkPipeline` finds, NOT_FOUND for an unknown target, or NO_ACTION
 */
export function compile(pipeline: Pipeline, catalog: Catalog, targets?: readonly string[]): Plan {
  const isAction = (id: string) => catalog[pipeline.nodes[id]?.type ?? ""]?.kind === "action";
  const chosen = targets ?? Object.keys(pipeline.nodes).filter(isAction);
  const needed = ancestors(pipeline.edges, chosen);
  const problem = checkPipeline(pipeline, catalog).find(
    ({ code, node }) => code !== "MISSING_INPUT" || chosen.length === 0 || needed.has(node!),
  );
  if (problem) {
    const { code, message, ...details } = problem;
    throw new FlamingoError(code, message, { ...details, ...(problem.node ? { block: problem.node } : {}) });
  }
  for (const id of chosen) {
    if (isAction(id)) continue;
    throw new FlamingoError("NOT_FOUND", `"${id}" is no action of this pipeline`, {
      fix: "name a Train or Evaluate node",
    });
  }
  if (chosen.length === 0) {
    throw new FlamingoError("NO_ACTION", `"${pipeline.name}" has nothing to run`, {
      fix: "add a Train node and wire a loss to it",
    });
  }
  const order = topologicalOrder(pipeline).order.filter((id) => needed.has(id));
  const { outputs } = solveShapes(pipeline, catalog);
  return {
    name: pipeline.name,
    nodes: order.map((id) => planNode(pipeline, catalog, id, outputs[id]!)),
    actions: order.filter(isAction),
  };
}

function planNode(pipeline: Pipeline, catalog: Catalog, id: string, outputs: Record<string, SolvedShape>): PlanNode {
  const node = pipeline.nodes[id]!;
  const entry = catalog[node.type]!;
  const wires = pipeline.edges.filter((edge) => edge.to[0] === id);
  return {
    id,
    type: node.type,
    kind: entry.kind,
    label: node.label ?? entry.title,
    config: fullConfig(node, entry),
    frozen: node.frozen ?? false,
    ...(node.weights ? { weights: node.weights } : {}),
    inputs: Object.fromEntries(wires.map((edge) => [edge.to[1], { node: edge.from[0], port: edge.from[1] }])),
    outputs,
  };
}
