import { join, relative, resolve } from "node:path";
import { compile } from "../pipeline/compile.ts";
import type { Pipeline } from "../pipeline/schema.ts";
import { conductRun } from "../runs/conduct.ts";
import { printError } from "../runs/fault.ts";
import { createRun, newRunId } from "../runs/folder.ts";
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
  compile(pipeline, catalog);
  await openDevice(device);
  const created = Date.now();
  const id = newRunId(pipeline.name, created);
  const folder = resolve(out ?? join(context.home.runs, id));
  const record = { id, name: pipeline.name, pipeline, seed, device, created, options: {} };
  await createRun(folder, { ...record, ...(steps === undefined ? {} : { steps }) });
  return conductHere(folder, device, json, context);
}

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
  if (outcome !== "succeeded") err.write(`to go on: flamingo resume ${quote(shown)}\n`);
  if (outcome === "succeeded") return 0;
  return outcome === "stopped" ? interruptedCode : 1;
}

function quote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path}'`;
}
