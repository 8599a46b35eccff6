import { FlamingoError } from "../core/errors.ts";
import type { PlanNode } from "../pipeline/compile.ts";
import type { RecordSink } from "../runs/record.ts";
import { Evaluate } from "./actions/evaluate.ts";
import type { Graph } from "./graph.ts";
import { restoreRun } from "./prepare.ts";

export interface EvaluateRunOptions {
  folder: string;
  device: string;
  /** Name of one evaluation set; all of them without it. */
  set?: string;
  /** Sees results and progress. */
  log: RecordSink;
  /** Folder for what can be made again, such as rendered drawings. */
  cache: string;
  signal: AbortSignal;
}

/**
 * Judges the trained model of a run folder, whether or not its pipeline has an Evaluate node.
 * @throws FlamingoError NOT_FOUND if there is no checkpoint, or no such evaluation set
 */
export async function evaluateRun({ folder, device, set, log, cache, signal }: EvaluateRunOptions): Promise<void> {
  const { graph, sources, record } = await restoreRun(folder, { device, log, cache });
  try {
    const node = captioningNode(graph);
    const own = graph.plan.nodes.find(({ type }) => type === Evaluate.name)?.config;
    const config = Evaluate.config.parse({ ...own, ...(set === undefined ? {} : { sets: [set] }) });
    await Evaluate.run!(config, { node, graph, sources, log, folder, seed: record.seed, signal, observers: [] });
  } finally {
    graph.weights.dispose();
  }
}

/**
 * A node that reads logits: the pipeline's own, or one that stands for it.
 * @throws FlamingoError INVALID_PIPELINE if nothing gives logits
 */
export function captioningNode(graph: Graph): PlanNode {
  const { nodes } = graph.plan;
  const reader = nodes.find(({ kind, inputs }) => kind === "action" && inputs.logits);
  if (reader) return reader;
  const giver = nodes.find(({ kind, outputs }) => kind !== "source" && outputs.logits);
  if (!giver) {
    throw new FlamingoError("INVALID_PIPELINE", `"${graph.plan.name}" has no block that gives logits`, {
      fix: "use a run of a pipeline with a language model",
    });
  }
  const inputs = { logits: { node: giver.id, port: "logits" } };
  return {
    id: giver.id,
    type: Evaluate.name,
    kind: "action",
    label: Evaluate.title,
    config: {},
    frozen: false,
    inputs,
    outputs: {},
  };
}
