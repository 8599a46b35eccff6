import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { FlamingoError } from "../core/errors.ts";
import { conductRun, type Execute, type ExecuteOptions } from "../runs/conduct.ts";
import { createRun, isRun, type RunRecord, trainedFolder } from "../runs/folder.ts";
import { homeAt } from "../runs/home.ts";
import { lifecycle } from "../runs/record.ts";
import { type Stage, stagesOf } from "../runs/stages.ts";

/**
 * Trains what a run starts from and what is not there yet: each stage is a run of its own, which is kept, and goes on where it stopped.
 * @returns false if it was stopped
 * @throws FlamingoError whatever stopped a stage
 */
export async function trainStages(record: RunRecord, options: ExecuteOptions, execute: Execute): Promise<boolean> {
  if (options.models === undefined) return true;
  const home = homeAt(dirname(options.models));
  for (const stage of await stagesOf(record.pipeline, record.seed)) {
    const folder = join(home.runs, stage.id);
    if (existsSync(join(folder, trainedFolder))) continue;
    if (!(await isRun(folder))) await createRun(folder, recordOf(stage, record.device));
    const { outcome, error } = await conductStage(stage, folder);
    if (outcome === "stopped") return false;
    if (error)
      throw new FlamingoError(
        error.code,
        `${stage.id}: ${error.message}`,
        error.fix === undefined ? {} : { fix: error.fix },
      );
  }
  return true;

  function conductStage({ id, pipeline }: Stage, folder: string) {
    const { log, device, signal } = options;
    log.append({ channel: "status", value: { status: "running" } });
    log.append({ channel: "message", value: { level: "info", message: `${pipeline.name} is trained first: ${id}` } });
    return conductRun(
      { folder, device, signal, home, onRecord: ({ channel, value }) => tell(channel, value) },
      execute,
    );
  }

  /** Shows how far a stage is at the node that trains. */
  function tell(channel: string, value: unknown): void {
    const node = channel === "node" ? lifecycle.node.safeParse(value).data : undefined;
    if (node?.state !== "running" || node.step === undefined) return;
    const train = Object.entries(record.pipeline.nodes).find(([, { type }]) => type === "Train")?.[0];
    if (train === undefined) return;
    const activity = `pretraining (${node.activity})`;
    options.log.append({ channel: "node", value: { ...node, node: train, activity } });
  }
}

function recordOf({ id, pipeline, seed }: Stage, device: string): RunRecord {
  return { id, name: pipeline.name, pipeline, seed, device, created: Date.now(), options: {} };
}
