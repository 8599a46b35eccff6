import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FlamingoError } from "../../src/core/errors.ts";
import { suggestion } from "../../src/core/suggestion.ts";
import { catalog } from "../../src/execution/registry.ts";
import { compile } from "../../src/pipeline/compile.ts";
import { type Pipeline, readPipeline } from "../../src/pipeline/schema.ts";
import { findRun } from "../../src/runs/findRun.ts";
import { listRuns } from "../../src/runs/folder.ts";
import { findHome } from "../../src/runs/home.ts";
import { createJob } from "../../src/runs/job.ts";
import { readTemplate, templateNames } from "../../src/runs/templates.ts";
import { currentCell } from "../cell/cell.ts";
import { notebookDevice } from "./device.ts";
import { NotebookPipeline } from "./pipeline.ts";
import { type GoOnOptions, Run } from "./run.ts";

export interface TrainOptions extends GoOnOptions {
  /** Steps of training, instead of what the pipeline says. */
  steps?: number;
  /** Seed of every random number; 0 by default. */
  seed?: number;
  /** Ids of the actions to run; all of them by default. */
  targets?: readonly string[];
}

/**
 * Trains a pipeline in this notebook, with live plots of loss, gates and attention below the cell. It lands in a run folder
 * as every run does, so the studio shows it live too. Interrupting the cell stops it after its step with a checkpoint:
 * what comes back is the stopped run, and `await run.resume()` goes on.
 *
 * @param what a template's name (`emoji-captions`), a pipeline, or a file that the studio saved
 * @example
 * const run = await flamingo.train("emoji-captions", { steps: 300, seed: 1, targets: ["train", "samples"] });
 * const model = await run.captioner();
 * @throws FlamingoError for whatever is wrong with the pipeline, and whatever stopped the run
 */
export function train(what: string | Pipeline | NotebookPipeline, options: TrainOptions = {}): Promise<Run> {
  const training = startTraining(what, options);
  // From its first moment on: a forced interrupt in the middle of its preparation would leave it pending for ever.
  currentCell()?.heeds?.(training);
  return training;
}

async function startTraining(
  what: string | Pipeline | NotebookPipeline,
  { steps, seed = 0, targets, ...how }: TrainOptions,
): Promise<Run> {
  const definition = await definitionOf(what);
  compile(definition, catalog, targets); // before the device, which takes long
  const device = how.device ?? (await notebookDevice()).name;
  const request = { pipeline: definition, seed, steps, device, targets };
  const { folder } = await createJob(request, catalog, { runs: findHome().runs });
  return (await Run.open(folder)).resume({ ...how, device });
}

/**
 * A pipeline: a template by its name, one that the studio saved by its file, or one that was made here.
 * @example
 * const pipeline = await flamingo.pipeline("emoji-captions");
 * @throws FlamingoError NOT_FOUND, INVALID_PIPELINE, NEWER_PIPELINE
 */
export async function pipeline(what: string | Pipeline | NotebookPipeline): Promise<NotebookPipeline> {
  return new NotebookPipeline(await definitionOf(what));
}

async function definitionOf(what: string | Pipeline | NotebookPipeline): Promise<Pipeline> {
  if (what instanceof NotebookPipeline) return what.definition;
  if (typeof what !== "string") return what;
  const templates = await templateNames();
  if (templates.includes(what)) return readTemplate(what);
  const saved = join(findHome().pipelines, `${what}.json`);
  const file = !what.includes("/") && existsSync(saved) ? saved : what;
  if (existsSync(file)) return readPipeline(await readFile(file, "utf8"), file);
  const fix = suggestion(what, templates, `name a template (${templates.join(", ")}) or a file`);
  throw new FlamingoError("NOT_FOUND", `there is no pipeline "${what}"`, { actual: what, fix });
}

/** All runs of this folder's home, the newest first: those of the studio and of the command line too. */
export async function runs({ most = 20 } = {}): Promise<Run[]> {
  const home = findHome().runs;
  const opened = await Promise.all((await listRuns(home)).map((id) => Run.open(join(home, id)).catch(() => undefined)));
  return opened
    .filter((run) => run !== undefined)
    .sort((a, b) => b.record.created - a.record.created)
    .slice(0, most);
}

/**
 * A run by its id, or by its folder.
 * @example
 * await (await flamingo.openRun("emoji-captions-20261124-041006-8029")).watch();
 * @throws FlamingoError RUN_FOLDER if there is none
 */
export async function openRun(id: string): Promise<Run> {
  return Run.open(await findRun(id, findHome()));
}
