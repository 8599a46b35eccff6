import type { Catalog } from "../core/catalog.ts";
import { computationOf, computationOfNode } from "../graph/computation.ts";
import type { GraphEdge } from "../graph/graph.ts";
import { typesIn } from "../graph/graph.ts";
import { catalogWith } from "../graph/graphBlock.ts";
import { ancestors, topologicalOrder } from "../graph/order.ts";
import { withoutSkipped } from "../graph/skipped.ts";
import { fullConfig } from "../graph/solve.ts";
import type { Pipeline } from "./schema.ts";

/** What the next run does with a node. */
export interface NodePlan {
  node: string;
  /** `cached`: an earlier run has what it gives; `unused`: no action needs it. */
  verdict: "runs" | "cached" | "unused";
  why: string;
}

/** A run that went before. */
export interface EarlierRun {
  id: string;
  pipeline: Pipeline;
  seed: number;
  /** Steps that it trained, or was to train. */
  steps: number;
  /** Whether it did all that its pipeline says. */
  succeeded: boolean;
}

/** What the next run is asked for with. */
export interface Asked {
  seed: number;
  /** Steps of every training, instead of what its node says. */
  steps?: number | undefined;
  /** Ids of the actions to run; all of them without it. */
  targets?: readonly string[] | undefined;
}

/**
 * What the next run does with each node, and why: a node is cached where it and all before it are as they were in a run that
 * succeeded with the same seed. What is judged after a training runs whenever that does. The order is that of the computation.
 */
export function previewPlan(
  whole: Pipeline,
  library: Catalog,
  asked: Asked,
  before: EarlierRun | undefined,
): NodePlan[] {
  const pipeline = computed(whole, library);
  const earlier = before && { ...before, pipeline: computed(before.pipeline, library) };
  const skipped = Object.entries(whole.nodes).flatMap(([node, { skip }]): NodePlan[] =>
    skip === undefined ? [] : [{ node, verdict: "unused", why: skip === "mute" ? "it is muted" : "it is bypassed" }],
  );
  const entryOf = (id: string) => library[pipeline.nodes[id]?.type ?? ""];
  const isAction = (id: string) => entryOf(id)?.kind === "action";
  const isJudge = (id: string) => entryOf(id)?.stage === "evaluate";
  const needed = ancestors(pipeline.edges, asked.targets ?? Object.keys(pipeline.nodes).filter(isAction));
  const changed = new Map<string, string>();
  const { order } = topologicalOrder(pipeline);
  let trains: string | undefined;
  const plan = [...order.filter((id) => !isJudge(id)), ...order.filter(isJudge)].map((node): NodePlan => {
    let why = earlier ? reasonToRun(pipeline, node, asked.seed, earlier, changed) : "it never ran";
    if (entryOf(node)?.stage === "train") {
      const steps = asked.steps ?? fullConfig(pipeline.nodes[node]!, entryOf(node)!).steps;
      if (earlier && steps !== earlier.steps) why ??= `the last run had ${earlier.steps} steps`;
      if (why !== undefined) trains = node;
    } else if (isJudge(node) && trains !== undefined) why ??= `“${trains}” trains the model anew`;
    if (why !== undefined) changed.set(node, why);
    if (!needed.has(node))
      return { node, verdict: "unused", why: asked.targets ? "it was not asked for" : "no action needs it" };
    if (why !== undefined) return { node, verdict: "runs", why };
    return { node, verdict: "cached", why: `run ${earlier!.id} has it` };
  });
  return [...plan, ...skipped];
}

/** A pipeline without what is muted or bypassed. */
function computed(pipeline: Pipeline, library: Catalog): Pipeline {
  const catalog = catalogWith(library, pipeline.blocks);
  return withoutSkipped(pipeline, (type) => catalog[type]).graph;
}

/** The plan of a node in a sentence. */
export function planText({ verdict, why }: NodePlan): string {
  if (verdict === "cached") return `Cached: ${why}.`;
  return verdict === "unused" ? `Will not run: ${why}.` : `Will run: ${why}.`;
}

/** @param changed nodes before this one that run, with their reasons */
function reasonToRun(
  pipeline: Pipeline,
  id: string,
  seed: number,
  earlier: EarlierRun,
  changed: ReadonlyMap<string, string>,
): string | undefined {
  const before = Object.hasOwn(earlier.pipeline.nodes, id) ? earlier.pipeline.nodes[id] : undefined;
  const now = pipeline.nodes[id]!;
  if (!before) return "it is new";
  if (before.type !== now.type) return `it was of type ${before.type}`;
  if (computationOfNode(before) !== computationOfNode(now)) return "its configuration changed";
  if (ownBlocks(pipeline, now) !== ownBlocks(earlier.pipeline, before)) return "a block inside it changed";
  if (wiresTo(pipeline, id) !== wiresTo(earlier.pipeline, id)) return "other wires lead to it";
  const source = pipeline.edges.find(({ from, to }) => to[0] === id && changed.has(from[0]))?.from[0];
  if (source !== undefined) {
    const cause = changed.get(source)!;
    return cause.startsWith("because of") || !isOwn(cause) ? cause : `because of “${source}”: ${cause}`;
  }
  if (seed !== earlier.seed) return `the last run had seed ${earlier.seed}`;
  return earlier.succeeded ? undefined : "the last run did not come to its end";
}

/** Whether a reason is about a node itself, and not about the whole run. */
function isOwn(reason: string): boolean {
  return !reason.startsWith("the last run");
}

/** What the pipeline's own blocks compute that a node holds, at any depth. */
function ownBlocks({ blocks }: Pipeline, node: Pipeline["nodes"][string]): string {
  const found: Record<string, Pipeline["blocks"][string]> = {};
  const queue = typesIn(node);
  for (const type of queue) {
    if (type in found || !Object.hasOwn(blocks, type)) continue;
    found[type] = blocks[type]!;
    queue.push(...typesIn(Object.values(blocks[type]!.nodes)));
  }
  return computationOf({ nodes: {}, edges: [] }, found);
}

function wiresTo({ edges }: { edges: readonly GraphEdge[] }, id: string): string {
  return edges
    .filter(({ to }) => to[0] === id)
    .map(({ from, to }) => [...from, ...to].join(" "))
    .sort()
    .join("\n");
}
