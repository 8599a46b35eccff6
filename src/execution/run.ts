import { join } from "node:path";
import type { PlanNode } from "../pipeline/compile.ts";
import type { ExecuteOptions } from "../runs/conduct.ts";
import { checkpointFolder, readRun } from "../runs/folder.ts";
import { folderError } from "../runs/folderError.ts";
import { newestCheckpoint } from "../training/checkpoint.ts";
import type { ActionContext, ActionPlace, Observer } from "./action.ts";
import { atNode } from "./atNode.ts";
import { prepareRun } from "./prepare.ts";
import { findAction } from "./registry.ts";
import { trainStages } from "./trainStages.ts";

/**
 * Carries out what a run folder's record says: opens device and data, trains from the newest checkpoint on, and judges.
 * @throws FlamingoError whatever stopped it; the log says which node it was
 */
export async function executeRun(options: ExecuteOptions): Promise<"succeeded" | "stopped"> {
  const { folder, log, device, signal, control, cache, models } = options;
  const record = await readRun(folder);
  if (!(await trainStages(record, options, executeRun))) return "stopped";
  const warn = (message: string) => log.append({ channel: "message", value: { level: "warning", message } });
  let stored = await newestCheckpoint(join(folder, checkpointFolder), warn);
  const from = stored?.checkpoint.step ?? 0;
  const { plan, model, sources } = await prepareRun(record, { device, log, cache, models, from });
  try {
    const base: Omit<ActionContext, "node"> = {
      model,
      sources,
      log,
      folder,
      seed: record.seed,
      signal,
      observers: [],
      takeCheckpoint: () => {
        const taken = stored;
        stored = undefined;
        return taken;
      },
      ...(control ? { control } : {}),
      ...(record.steps ? { steps: record.steps } : {}),
    };
    const actions = Object.values(plan.nodes).filter(({ kind }) => kind === "action");
    const observers = await observersOf(actions, base);
    const outcome = await actAll(actions, { ...base, observers });
    for (const { id, type } of actions)
      if (findAction(type)!.observe) log.append({ channel: "node", value: { node: id, state: outcome } });
    return outcome;
  } finally {
    model.weights.dispose();
  }
}

/** Runs the actions: first those that train, then those that judge. */
async function actAll(
  actions: readonly PlanNode[],
  base: Omit<ActionContext, "node">,
): Promise<"succeeded" | "stopped"> {
  for (const stage of ["train", "evaluate"] as const) {
    for (const node of actions) {
      const { stage: own, run } = findAction(node.type)!;
      if (own === stage && run && !(await act(node, base))) return "stopped";
    }
  }
  return "succeeded";
}

/** Those who look on while a Train action runs, made by the other actions. */
async function observersOf(actions: readonly PlanNode[], base: Omit<ActionContext, "node">): Promise<Observer[]> {
  const observers: Observer[] = [];
  for (const node of actions) {
    const definition = findAction(node.type)!;
    const context = { ...base, node: placeOf(node, base) };
    const observer = await atAction(context, async () =>
      definition.observe?.(definition.config.parse(node.config), context),
    );
    if (!observer) continue;
    observers.push(observer);
    base.log.append({ channel: "node", value: { node: node.id, state: "running", activity: "observing" } });
  }
  return observers;
}

function placeOf({ id, label }: PlanNode, { model }: Omit<ActionContext, "node">): ActionPlace {
  return { id, label, inputs: model.inputsOf(id) };
}

/** Runs one action, and tells its state at its node. */
async function act(node: PlanNode, base: Omit<ActionContext, "node">): Promise<boolean> {
  const context = { ...base, node: placeOf(node, base) };
  const { log } = base;
  const definition = findAction(node.type)!;
  log.append({ channel: "node", value: { node: node.id, state: "running" } });
  const done = await atAction(context, () => definition.run!(definition.config.parse(node.config), context));
  log.append({ channel: "node", value: { node: node.id, state: done ? "succeeded" : "stopped" } });
  return done;
}

/** An action writes nowhere but in the run's folder, so that is what a refusal of the system is about. */
function atAction<T>({ node, log, folder }: ActionContext, work: () => Promise<T>): Promise<T> {
  return atNode(node.id, log, async () => {
    try {
      return await work();
    } catch (error) {
      throw folderError(error, folder);
    }
  });
}
