import { relative } from "node:path";
import type { ErrorCode } from "../core/errors.ts";
import { compile } from "../pipeline/compile.ts";
import type { Pipeline } from "../pipeline/schema.ts";
import { conductRun } from "../runs/conduct.ts";
import { printError } from "../runs/fault.ts";
import { createJob } from "../runs/job.ts";
import { type CommandContext, interruptedCode } from "./command.ts";
import { Progress } from "./progress.ts";

export interface RunHereOptions {
  context: CommandContext;
  pipeline: Pipeline;
  seed: number;
  steps?: number;
  out?: string;
  device: string;
  json: boolean;
}

/**
 * Makes a run folder and carries the run out in this process. Whatever can be found wrong beforehand is, so that a
 * mistake leaves no folder behind.
 * @returns the exit code
 */
export async function runHere({ context, out, json, ...options }: RunHereOptions): Promise<number> {
  const { pipeline, seed, steps, device } = options;
  const { catalog, openDevice } = await context.execution();
  compile(pipeline, catalog); // before the device, which takes long
  await openDevice(device);
  const place = out === undefined ? { runs: context.home.runs } : { folder: out };
  const { folder } = await createJob({ pipeline, seed, steps, device }, catalog, place);
  return conductHere(folder, device, json, context);
}

/** Faults of the pipeline itself, which a run keeps as it was started: resumed, it would fail again. */
const ofPipeline: ReadonlySet<ErrorCode> = new Set([
  ...(["SHAPE_MISMATCH", "DTYPE_MISMATCH", "UNKNOWN_BLOCK", "UNKNOWN_PORT", "MISSING_INPUT"] as const),
  ...(["SLOT_MISMATCH", "RECURSIVE_BLOCK", "INVALID_CONFIG", "INVALID_PIPELINE", "NO_ACTION", "USAGE"] as const),
]);

/** Carries out the run of a folder in this process, new or resumed, and shows how it goes. */
export async function conductHere(
  folder: string,
  device: string,
  json: boolean,
  context: CommandContext,
): Promise<number> {
  const { execute } = await context.execution();
  const { home, out, err } = context;
  const shown = relative(process.cwd(), folder) || ".";
  const progress = json ? undefined : new Progress(out);
  progress?.say(`run folder: ${shown}`);
  const stop = new AbortController();
  const release = context.onInterrupt(() => {
    err.write("\nstopping after this step; Ctrl-C again ends at once\n");
    stop.abort();
  });
  const { outcome, error } = await conductRun(
    {
      folder,
      device,
      home,
      signal: stop.signal,
      onRecord: (record) => {
        if (progress) progress.show(record);
        else out.write(`${JSON.stringify(record)}\n`);
      },
    },
    execute,
  ).finally(release);
  progress?.end();
  if (error) err.write(`${printError(error)}\n`);
  if (outcome !== "succeeded" && !(error && ofPipeline.has(error.code)))
    err.write(`to go on: flamingo resume ${quote(shown)}\n`);
  if (outcome === "succeeded") return 0;
  return outcome === "stopped" ? interruptedCode : 1;
}

function quote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path}'`;
}
