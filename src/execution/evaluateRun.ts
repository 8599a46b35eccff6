import type { RecordSink } from "../runs/record.ts";
import type { ActionContext, ActionPlace } from "./action.ts";
import { Evaluate } from "./actions/evaluate.ts";
import { logitsOutput } from "./logitsOutput.ts";
import { restoreRun } from "./prepare.ts";
import { findAction } from "./registry.ts";

export interface EvaluateRunOptions {
  folder: string;
  device: string;
  /** Name of one evaluation set; all of them without it. */
  set?: string;
  /** Sees results and progress. */
  log: RecordSink;
  /** Folder for what can be made again, such as rendered drawings. */
  cache: string;
  /** Folder of the weights that were imported; none without it. */
  models?: string;
  signal: AbortSignal;
}

/**
 * Evaluates the trained model of a run folder as the evaluating nodes of its pipeline say; where there is none, by all metrics on
 * all evaluation sets.
 * @throws FlamingoError NOT_FOUND if there is no checkpoint, or no such evaluation set
 */
export async function evaluateRun({
  folder,
  device,
  set,
  log,
  cache,
  models,
  signal,
}: EvaluateRunOptions): Promise<void> {
  const { model, sources, record } = await restoreRun(folder, { device, log, cache, models });
  const base = { model, sources, log, folder, seed: record.seed, signal, observers: [] };
  const evaluateAt = (node: ActionPlace, type: string, own: Record<string, unknown>) => {
    const { config, run } = findAction(type)!;
    const settings = config.parse({ ...own, ...(set === undefined ? {} : { sets: [set] }) });
    return run!(settings, { ...base, node } satisfies ActionContext);
  };
  try {
    const evaluating = Object.values(model.plan.nodes).filter(({ type }) => {
      const action = findAction(type);
      return action?.stage === "evaluate" && action.run;
    });
    for (const node of evaluating)
      if (!(await evaluateAt({ ...node, inputs: model.inputsOf(node.id) }, node.type, node.config))) return;
    if (evaluating.length > 0) return;
    const logits = logitsOutput(model);
    const { id, label } = model.wholeNode(logits.node);
    await evaluateAt({ id, label, inputs: { logits } }, Evaluate.name, {});
  } finally {
    model.weights.dispose();
  }
}
