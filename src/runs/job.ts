import { copyFile, readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { Catalog } from "../core/catalog.ts";
import { FlamingoError } from "../core/errors.ts";
import { compile } from "../pipeline/compile.ts";
import type { Pipeline } from "../pipeline/schema.ts";
import { checkpointFolder, createRun, newRunId } from "./folder.ts";
import { withStages } from "./stages.ts";

/** What a run is asked for with. */
export interface JobRequest {
  pipeline: Pipeline;
  /** Seed of every random number; 0 without it. */
  seed?: number | undefined;
  /** Steps of every training in the pipeline, instead of what its nodes say. */
  steps?: number | undefined;
  /** `auto` without it. */
  device?: string | undefined;
  /** Ids of the actions to run; all of them without it. */
  targets?: readonly string[] | undefined;
  /** Folder of a run whose newest checkpoint it goes on from: it had the same weights to train, such as one of fewer steps. */
  from?: string | undefined;
}

/** A run that is ready to be carried out, by whatever process sees its folder: all that it needs is in there. */
export interface Job {
  id: string;
  folder: string;
}

/**
 * Checks a pipeline, and makes the folder of a run of it. A pipeline that is refused leaves no folder behind.
 * @param place the folder of all runs, in which this one gets its own; or the folder of this one
 * @throws FlamingoError for whatever is wrong with the pipeline; RUN_FOLDER, DISK_FULL
 */
export async function createJob(
  { seed = 0, steps, device = "auto", targets, from, ...request }: JobRequest,
  catalog: Catalog,
  place: { runs: string } | { folder: string },
): Promise<Job> {
  const pipeline = await withStages(request.pipeline, seed);
  compile(pipeline, catalog, targets);
  const checkpoints = from === undefined ? [] : await newestCheckpoints(from);
  const created = Date.now();
  const id = newRunId(pipeline.name, created);
  const folder = "folder" in place ? resolve(place.folder) : join(place.runs, id);
  await createRun(folder, {
    id,
    name: pipeline.name,
    pipeline,
    seed,
    ...(steps === undefined ? {} : { steps }),
    device,
    created,
    options: {
      ...(targets ? { targets: [...targets] } : {}),
      ...(from === undefined ? {} : { from: basename(from) }),
    },
  });
  for (const file of checkpoints)
    await copyFile(join(from!, checkpointFolder, file), join(folder, checkpointFolder, file));
  return { id, folder };
}

/** The last two checkpoints of a run, so that there is another one where the newest is damaged. */
async function newestCheckpoints(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, checkpointFolder)).catch((): string[] => []);
  const steps = names.filter((name) => /^step-\d+\.safetensors$/.test(name)).sort((a, b) => stepIn(a) - stepIn(b));
  if (steps.length > 0) return steps.slice(-2);
  const fix = "let it train until its first checkpoint";
  throw new FlamingoError("NOT_FOUND", `the run in ${folder} has no checkpoint to go on from`, { source: folder, fix });
}

function stepIn(file: string): number {
  return Number(/\d+/.exec(file)![0]);
}
