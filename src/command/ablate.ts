import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { printSeconds } from "../core/duration.ts";
import { FlamingoError } from "../core/errors.ts";
import { makeFolder } from "../files/makeFolder.ts";
import { writeAtomic } from "../files/writeAtomic.ts";
import { compile } from "../pipeline/compile.ts";
import { type Pipeline, parsePipeline } from "../pipeline/schema.ts";
import { type Ablation, type AblationRun, ablationRuns, measured, parseAblation } from "../runs/ablation.ts";
import { ablationMarkdown, ablationTable, type Outcome } from "../runs/ablationTable.ts";
import { conductRun } from "../runs/conduct.ts";
import { createRun, isRun } from "../runs/folder.ts";
import { LocalQueue } from "../runs/queue.ts";
import { readRecords } from "../runs/reader.ts";
import { withStages } from "../runs/stages.ts";
import { emptyRun, foldRecords, type RunState } from "../runs/state.ts";
import { readTemplate, templatesFolder } from "../runs/templates.ts";
import { type Command, type CommandContext, interruptedCode, readArguments, usageError } from "./command.ts";
import { Progress } from "./progress.ts";
import { readNamedFile } from "./readNamedFile.ts";

const usage = "flamingo ablate FILE.json [--out DIR] [--device NAME] [--seeds 1,2,3]";

/** Trains a base pipeline and changes of it, and writes what each change comes to. */
export const ablate: Command = {
  help: `${usage}

Trains a pipeline and named changes of it with several seeds, one after the other, and writes a table: value by seed, mean, spread, difference
from the base with the same seed, and whether its direction is that of the paper. What was computed before is not computed again.

  FILE.json       a file with "format": "flamingo-ablation"; table-3 is the one that comes with the studio
  --out DIR       folder for table.json and table.md; without it ablations/NAME in .flamingo
  --device NAME   tensorflow, webgpu, wasm, cpu, or auto (the fastest that is there)
  --seeds LIST    seeds instead of the file's

Ctrl-C stops at the next step with a checkpoint; the same command goes on from there.
`,
  run: async (args, context) => {
    const options = { out: { type: "string" }, device: { type: "string" }, seeds: { type: "string" } } as const;
    const { values, positionals } = readArguments(args, options, usage);
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw usageError("ablate takes one file", usage);
    const read = await readAblation(file);
    const ablation = values.seeds === undefined ? read : { ...read, seeds: readSeeds(values.seeds) };
    const { catalog, openDevice } = await context.execution();
    const runs = ablationRuns(ablation, await baseOf(ablation, file));
    for (const { pipeline } of runs.slice(0, ablation.changes.length + 1)) compile(pipeline, catalog); // all, before the first trains
    const device = values.device ?? "auto";
    await openDevice(device);
    const name = basename(file).replace(/\.json$/, "");
    const out = resolve(values.out ?? join(context.home.folder, "ablations", name));
    const whole = await carryOut(runs, ablation, device, context);
    const outcomes = await Promise.all(runs.map((run) => outcomeOf(run, ablation, context)));
    const table = ablationTable(ablation, outcomes);
    const markdown = ablationMarkdown(table);
    await makeFolder(out);
    await writeAtomic(join(out, "table.json"), `${JSON.stringify(table, undefined, 2)}\n`);
    await writeAtomic(join(out, "table.md"), markdown);
    context.out.write(`${markdown}\n${relative(process.cwd(), out) || "."}: table.json, table.md\n`);
    if (whole) return 0;
    context.err.write("to go on: the same command once more\n");
    return interruptedCode;
  },
};

const shippedFolder = join(templatesFolder, "../ablations");

async function readAblation(file: string): Promise<Ablation> {
  const shipped = (await readdir(shippedFolder)).map((name) => basename(name, ".json"));
  const path = !existsSync(file) && shipped.includes(file) ? join(shippedFolder, `${file}.json`) : file;
  const text = await readNamedFile(
    path,
    shipped,
    `name a file, or one that comes with the studio: ${shipped.join(", ")}`,
  );
  try {
    return parseAblation(JSON.parse(text), file);
  } catch (error) {
    if (error instanceof FlamingoError) throw error;
    const message = `${file} is not JSON: ${(error as Error).message}`;
    throw new FlamingoError("INVALID_DATA", message, { source: file, fix: "mend the file" });
  }
}

function readSeeds(text: string): number[] {
  const seeds = text.split(",").map(Number);
  if (/^\d+(,\d+)*$/.test(text) && seeds.every(Number.isSafeInteger)) return [...new Set(seeds)];
  throw usageError(`--seeds is "${text}", expected whole numbers with commas between`, usage);
}

function baseOf({ base }: Ablation, file: string): Promise<Pipeline> | Pipeline {
  return typeof base === "string" ? readTemplate(base) : parsePipeline(base, file);
}

/** Carries out what is not there yet, through the queue. Returns whether all of it was. */
async function carryOut(
  runs: readonly AblationRun[],
  { steps }: Ablation,
  device: string,
  context: CommandContext,
): Promise<boolean> {
  const { home, out, err } = context;
  const { execute } = await context.execution();
  const left: AblationRun[] = [];
  for (const run of runs) {
    const folder = join(home.runs, run.id);
    if (!(await isRun(folder))) {
      const { id, pipeline, seed, change } = run;
      const record = {
        id,
        name: `${pipeline.name}: ${change ?? "base"}`,
        seed,
        device,
        created: Date.now(),
        options: {},
      };
      const staged = await withStages(pipeline, seed);
      await createRun(folder, { ...record, pipeline: staged, ...(steps === undefined ? {} : { steps }) });
    }
    if ((await stateOf(folder)).status !== "succeeded") left.push(run);
  }
  const queue = new LocalQueue();
  const folders = left.map(({ id }) => join(home.runs, id));
  queue.recover(folders);
  for (const folder of folders) if (!queue.has(folder)) queue.add(folder);
  const stop = new AbortController();
  const release = context.onInterrupt(() => {
    err.write("\nstopping after this step; Ctrl-C again ends at once\n");
    stop.abort();
  });
  const started = Date.now();
  try {
    for (let folder = queue.take(); folder !== undefined && !stop.signal.aborted; folder = queue.take()) {
      const { change, seed } = left.find(({ id }) => join(home.runs, id) === folder)!;
      const done = left.length - queue.size - 1;
      const secondsLeft = (((Date.now() - started) / done) * (queue.size + 1)) / 1000;
      const remaining = done > 0 ? `, about ${printSeconds(secondsLeft)} left` : "";
      out.write(`run ${done + 1} of ${left.length}: ${change ?? "base"}, seed ${seed}${remaining}\n`);
      const progress = new Progress(out);
      const onRecord = (record: Parameters<Progress["show"]>[0]) => progress.show(record);
      const { error } = await conductRun({ folder, device, home, signal: stop.signal, onRecord }, execute);
      progress.end();
      if (error) err.write(`${error.code}: ${error.message}\n`);
    }
    return !stop.signal.aborted;
  } finally {
    queue.close();
    release();
  }
}

async function stateOf(folder: string): Promise<RunState> {
  return foldRecords(emptyRun(), await readRecords(folder).catch(() => []));
}

async function outcomeOf(
  { id, change, seed }: AblationRun,
  ablation: Ablation,
  { home }: CommandContext,
): Promise<Outcome> {
  const state = await stateOf(join(home.runs, id));
  const { status, error, started, updated } = state;
  const seconds = started === undefined || updated === undefined ? undefined : (updated - started) / 1000;
  if (status !== "succeeded") return { change, seed, seconds, reason: error?.message ?? `${status} with seed ${seed}` };
  const value = measured(state, ablation);
  if (value === undefined) return { change, seed, seconds, reason: "the run has not measured it" };
  return { change, seed, seconds, value };
}
