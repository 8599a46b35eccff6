import { randomBytes } from "node:crypto";
import { access, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { FlamingoError } from "../core/errors.ts";
import { makeFolder } from "../files/makeFolder.ts";
import { writeAtomic } from "../files/writeAtomic.ts";
import { type Pipeline, parsePipeline } from "../pipeline/schema.ts";
import { folderError } from "./folderError.ts";

/**
 * What a run was started with: the content of `run.json`. It never changes afterwards, so a run can be carried out again.
 *
 * A run folder holds
 * - `run.json`: this record
 * - `events.jsonl`: the log (log.ts)
 * - `checkpoints/`: safetensors
 * - `attention-000100.json`: attention frames, one a step that was looked at
 * - `pinned-0.png`: the sample images
 * - `marks.json`: what a person notes about the run
 */
export interface RunRecord {
  /** Small letters, digits and `-`. */
  id: string;
  name: string;
  pipeline: Pipeline;
  seed: number;
  /** Steps of every training in the pipeline, instead of what its nodes say. */
  steps?: number;
  /** As it was asked for: `auto`, `wasm`. What was chosen is in the log. */
  device: string;
  /** Milliseconds since 1970. */
  created: number;
  /** Anything else that the execution should know. */
  options: RunOptions;
}

export interface RunOptions {
  /** Ids of the actions to run; all of them where it is left out. */
  targets?: string[];
  /** The run whose checkpoint it went on from. */
  from?: string;
}

const recordSchema = z.object({
  id: z.string(),
  name: z.string(),
  pipeline: z.unknown(),
  seed: z.int().nonnegative(),
  steps: z.int().positive().optional(),
  device: z.string(),
  created: z.number(),
  options: z.object({ targets: z.array(z.string()).exactOptional(), from: z.string().exactOptional() }).default({}),
});

export const recordFile = "run.json";
export const checkpointFolder = "checkpoints";

/** Where a run leaves the weights of each node that it has trained, for other pipelines to start from. */
export const trainedFolder = "weights";

/** `attention-000100.json`, the name of the attention frame of step 100. */
export function attentionFile(step: number): string {
  return `attention-${String(step).padStart(6, "0")}.json`;
}

/** `pinned-0.png`, the name of the first sample image; `pinned-0-2.png`, of the third frame of a video. */
export function pinnedFile(image: number, frame = 0): string {
  return frame === 0 ? `pinned-${image}.png` : `pinned-${image}-${frame}.png`;
}

/** Paths of a run's sample images, in the order of their numbers; of a video, that of its first frame. */
export async function pinnedFiles(folder: string): Promise<string[]> {
  return (await pinnedFrames(folder)).map(([first]) => first);
}

/** Paths of a run's sample images and videos, in the order of their numbers: each frame of each. */
export async function pinnedFrames(folder: string): Promise<[string, ...string[]][]> {
  const names = new Set(await readdir(folder));
  const numbers = [...names].flatMap((name) => {
    const number = /^pinned-(\d+)\.png$/.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
  return numbers
    .sort((a, b) => a - b)
    .map((number) => {
      const frames: [string, ...string[]] = [join(folder, pinnedFile(number))];
      while (names.has(pinnedFile(number, frames.length))) frames.push(join(folder, pinnedFile(number, frames.length)));
      return frames;
    });
}

/** A new run's id, from its name and the time: `emoji-captions-20261123-205301-4f2a`. */
export function newRunId(name: string, created = Date.now()): string {
  const words = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 32)
    .replace(/^-+|-+$/g, "");
  const [day, time] = new Date(created).toISOString().slice(0, 19).split("T") as [string, string];
  return `${words || "run"}-${day.replaceAll("-", "")}-${time.replaceAll(":", "")}-${randomBytes(2).toString("hex")}`;
}

/**
 * Makes a run folder.
 * @throws FlamingoError RUN_FOLDER if it cannot be written or holds a run already, DISK_FULL
 */
export async function createRun(folder: string, record: RunRecord): Promise<void> {
  if (await isRun(folder)) {
    const fix = "choose another folder, or go on with that run: flamingo resume";
    throw new FlamingoError("RUN_FOLDER", `${folder} holds a run already`, { source: folder, fix });
  }
  try {
    await makeFolder(join(folder, checkpointFolder));
    await writeAtomic(join(folder, recordFile), `${JSON.stringify(record, undefined, 2)}\n`);
  } catch (error) {
    throw folderError(error, folder);
  }
}

/**
 * Reads what a run was started with.
 * @throws FlamingoError RUN_FOLDER if the folder holds no run; INVALID_PIPELINE or NEWER_PIPELINE for its pipeline
 */
export async function readRun(folder: string): Promise<RunRecord> {
  const source = join(folder, recordFile);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(source, "utf8"));
  } catch (error) {
    throw noRun(folder, (error as Error).message, error);
  }
  const result = recordSchema.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw noRun(folder, `${recordFile}: ${issue.path.join(".")}: ${issue.message}`, result.error);
  }
  const { steps, options, ...rest } = result.data;
  return {
    ...rest,
    pipeline: parsePipeline(rest.pipeline, source),
    ...(steps === undefined ? {} : { steps }),
    options,
  };
}

/** Names of the folders in `runs` that hold a run. */
export async function listRuns(runs: string): Promise<string[]> {
  const names = await readdir(runs).catch((): string[] => []);
  const held = await Promise.all(names.map((name) => isRun(join(runs, name))));
  return names.filter((_, index) => held[index]);
}

/** Whether a folder holds a run. */
export function isRun(folder: string): Promise<boolean> {
  return access(join(folder, recordFile)).then(
    () => true,
    () => false,
  );
}

function noRun(folder: string, reason: string, cause: unknown): FlamingoError {
  const fix = "name a folder that a run was written to";
  return new FlamingoError("RUN_FOLDER", `${folder} holds no run: ${reason}`, { source: folder, fix }, { cause });
}
