import { join } from "node:path";
import { reportOf } from "../core/errors.ts";
import type { ExecuteOptions } from "../runs/conduct.ts";
import { checkpointFolder, readRun } from "../runs/folder.ts";
import { loadCheckpoint, newestCheckpoint } from "../training/checkpoint.ts";
import type { ActionContext, Observer } from "./action.ts";
import { prepareRun } from "./prepare.ts";
import { findAction } from "./registry.ts";

/**
 * Carries out what a run folder's record says: opens device and data, trains from the newest checkpoint on, and judges.
 * @throws FlamingoError whatever stopped it; the log has told which node it was
 */
export async function executeRun(options: ExecuteOptions): Promise<"succeeded" | "stopped"> {
  const { folder, log, device, signal, control } = options;
  const record = await readRun(folder);
  const newest = await newestCheckpoint(join(folder, checkpointFolder));
  const from = newest ? (await loadCheckpoint(newest)).step : 0;
  const { plan, graph, sources } = await prepareRun(record, device, log, from);
  try {
    const base = {
      graph,
      sources,
      log,
      folder,
      seed: record.seed,
      signal,
      ...(control ? { control } : {}),
      ...(record.steps ? { steps: record.steps } : {}),
    };
    const actions = plan.nodes
      .filter(({ kind }) => kind === "action")
      .map((node) => ({ node, definition: findAction(node.type)! }));
    const observers: Observer[] = [];
    for (const { node, definition } of actions) {
      const observer = await definition.observe?.(definition.config.parse(node.config), {
        ...base,
        node,
        observers: [],
      });
      if (observer) observers.push(observer);
    }
    for (const stage of ["train", "judge"] as const) {
      for (const { node, definition } of actions) {
        if (definition.stage !== stage || !definition.run) continue;
        if (!(await act({ ...base, node, observers }))) return "stopped";
      }
    }
    return "succeeded";
  } finally {
    graph.weights.dispose();
  }
}

/** Runs one action, and tells its state at its node. */
async function act(context: ActionContext): Promise<boolean> {
  const { node, log } = context;
  const definition = findAction(node.type)!;
  log.append({ type: "node:state", node: node.id, state: "running" });
  try {
    const done = await definition.run!(definition.config.parse(node.config), context);
    log.append({ type: "node:state", node: node.id, state: done ? "succeeded" : "stopped" });
    return done;
  } catch (error) {
    log.append({ type: "node:state", node: node.id, state: "failed", error: reportOf(error) });
    throw error;
  }
}
