import { FlamingoError } from "../core/errors.ts";
import { compile } from "../pipeline/compile.ts";
import type { Pipeline } from "../pipeline/schema.ts";
import { conductRun } from "../runs/conduct.ts";
import { findHome } from "../runs/home.ts";
import { createJob } from "../runs/job.ts";
import { emptyRun, foldRecords, type RunState } from "../runs/state.ts";
import { catalog } from "./registry.ts";
import { executeRun } from "./run.ts";

export interface RunPipelineOptions {
  /** Seed of every random number; 0 by default. */
  seed?: number;
  /** Steps of training, instead of what the pipeline says. */
  steps?: number;
  /** The fastest that this machine has by default. */
  device?: string;
  /** The run's own folder; a new one among the others of this machine by default. */
  folder?: string;
  /** Whether the losses are printed, each tenth of the way. */
  print?: boolean;
  /** Stops the run at its next step, with a checkpoint. */
  signal?: AbortSignal;
}

/**
 * Carries a pipeline out in this process. It lands in a run folder as every run does, so the studio lists and compares it.
 * @returns the folder, and what the run came to
 * @throws FlamingoError for whatever is wrong with the pipeline, and whatever stopped the run
 */
export async function runPipeline(
  pipeline: Pipeline,
  { seed = 0, steps, device = "auto", folder, print = false, signal }: RunPipelineOptions = {},
): Promise<{ folder: string; state: RunState }> {
  compile(pipeline, catalog);
  const home = findHome();
  const place = folder === undefined ? { runs: home.runs } : { folder };
  const job = await createJob({ pipeline, seed, steps, device }, catalog, place);
  let state = emptyRun();
  const { outcome, error } = await conductRun(
    {
      folder: job.folder,
      device,
      home,
      signal: signal ?? new AbortController().signal,
      onRecord: (record) => {
        state = foldRecords(state, [record]);
        const isDue = record.channel === "loss" && state.step % Math.max(1, Math.round(state.steps / 10)) === 0;
        if (print && isDue)
          console.log(`step ${state.step} of ${state.steps}: loss ${state.channels.loss.total.last?.y}`);
      },
    },
    executeRun,
  );
  if (outcome === "failed" && error) {
    const { code, message, ...details } = error;
    throw new FlamingoError(code, message, details);
  }
  return { folder: job.folder, state };
}
