import { join, resolve } from "node:path";
import type { Catalog } from "../core/catalog.ts";
import { compile } from "../pipeline/compile.ts";
import type { Pipeline } from "../pipeline/schema.ts";
import { createRun, newRunId } from "./folder.ts";

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
  { pipeline, seed = 0, steps, device = "auto", targets }: JobRequest,
  catalog: Catalog,
  place: { runs: string } | { folder: string },
): Promise<Job> {
  compile(pipeline, catalog, targets);
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
    options: targets ? { targets: [...targets] } : {},
  });
  return { id, folder };
}
