import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, watch } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { KernelClient } from "../../kernel/client/kernelClient.ts";
import { flamingoKernelspec } from "../../kernel/client/kernelspec.ts";
import { Random } from "../../src/core/random.ts";
import { catalog } from "../../src/execution/registry.ts";
import { checkpointFolder } from "../../src/runs/folder.ts";
import { createJob } from "../../src/runs/job.ts";
import { findDamage, readRecords } from "../../src/runs/reader.ts";
import { emptyRun, foldRecords, type RunState } from "../../src/runs/state.ts";
import { newestCheckpoint } from "../../src/training/checkpoint.ts";
import { ask, quickPipeline, spawnFlamingo, studioOf } from "../studioProcess.ts";
import { damageCheckpoint } from "./damage.ts";

/**
 * `npm run -s crash -- --kills 10 --damages 2 [--seed S]`: kills trainings, studios and kernels with -9, and resumes them, until so
 * many were killed: at random moments, while a checkpoint is written, and up to three times in a row. Each run must end with the very
 * bits of one that ran through, also after its newest checkpoint was damaged.
 */
const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "10" },
    damages: { type: "string", default: "2" },
    seed: { type: "string", default: "1" },
  },
});
const partialEnding = ".partial";
const home = mkdtempSync(join(tmpdir(), "flamingo-crash-"));
const random = new Random(Number(values.seed));
const steps = 120;
/** What is done to a run, and what does it: it says in which folder the run lies. */
type Way = readonly [name: string, (number: number) => Promise<string>];
/** Processes that were killed, and those of them that had begun to write a checkpoint. */
const killed = { all: 0, writing: 0 };
const running = new Set<ChildProcess>();

const pipeline = await quickPipeline({ steps, checkpointEvery: 2 });
try {
  const whole = await make("whole");
  await run(whole);
  const expected = await resultOf(whole);
  const trainer = (times: number): Way => [`trainer ${times}x`, (round) => killTrainer(round, times)];
  const writer = (times: number): Way => [`trainer ${times}x, in a write`, (round) => killTrainer(round, times, true)];
  const kernel: Way = ["kernel", killKernel];
  // Trainings are killed most, for they are quickest to start.
  const ways: Way[] = [
    ...[trainer(1), kernel, writer(3), trainer(3), ["studio", killStudio] as Way],
    ...[writer(2), trainer(3), kernel, writer(1), trainer(2), writer(3)],
  ];
  const start = performance.now();
  const kills = Number(values.kills);
  const resumed = await tryAll(
    ways,
    () => killed.all < kills,
    async (folder) => differences(expected, await resultOf(folder), folder),
  );
  const minutes = ((performance.now() - start) / 60_000).toFixed(1);
  console.log(
    `${killed.all} kills, ${killed.writing} of them in a checkpoint's write, in ${resumed.all} runs, of which ${resumed.good} ended ` +
      `bit-identical (seed ${values.seed}, ${cpus()[0]!.model.trim()}, ${minutes} minutes)`,
  );
  const cut = await killAfterCheckpoints(4);
  const damages = Number(values.damages);
  const damaged = await tryAll(
    [["checkpoint", (number) => damagedCopy(cut, number)]],
    (number) => number < damages,
    async (folder) => {
      await run(folder);
      return (await resultOf(folder)).weights === expected.weights ? undefined : "the weights differ";
    },
  );
  console.log(`${damages} damaged checkpoints, ${damaged.good} ended bit-identical`);
  process.exitCode = resumed.good === resumed.all && damaged.good === damages ? 0 : 1;
} finally {
  for (const child of running) child.kill("SIGKILL");
  rmSync(home, { recursive: true, force: true });
}

/** Does something in each way in turn, as long as there is more to do, and says what came of it. */
async function tryAll(
  ways: readonly Way[],
  isMore: (number: number) => boolean,
  findFault: (folder: string) => Promise<string | undefined>,
): Promise<{ all: number; good: number }> {
  const done = { all: 0, good: 0 };
  for (; isMore(done.all); done.all++) {
    const [name, way] = ways[done.all % ways.length]!;
    const start = performance.now();
    const fault = await way(done.all)
      .then(findFault)
      .catch((error: Error) => error.message);
    if (!fault) done.good++;
    console.log(`${done.all + 1} (${name}, ${((performance.now() - start) / 1000).toFixed(0)} s): ${fault ?? "good"}`);
  }
  return done;
}

async function make(name: string): Promise<string> {
  const place = { folder: join(home, "runs", name) };
  return (await createJob({ pipeline, seed: 3, device: "wasm" }, catalog, place)).folder;
}

function flamingo(...args: string[]): ChildProcess {
  const child = spawnFlamingo(home, ...args);
  running.add(child);
  child.once("exit", () => running.delete(child));
  child.stderr!.resume();
  return child;
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once("exit", (code) => resolve(code)));
}

/** Resumes a run to its end. */
async function run(folder: string): Promise<void> {
  const child = flamingo("resume", folder, "--json");
  child.stdout!.resume();
  const code = await ended(child);
  if (code !== 0) throw new Error(`resume ended with ${code}`);
}

/** Kills a training so many times in a row, in a checkpoint's write if asked, and resumes it. */
async function killTrainer(round: number, times: number, isWriting = false): Promise<string> {
  const folder = await make(`trainer-${round}`);
  for (let left = times; left > 0; left--) await killTraining(folder, isWriting);
  await runUnlessOver(folder);
  return folder;
}

async function killTraining(folder: string, isWriting: boolean): Promise<void> {
  const child = flamingo("resume", folder, "--json");
  const end = ended(child);
  if (isWriting || random.integer(5) > 0) await firstStep(child);
  await delay(random.integer(isWriting ? 300 : 1000));
  if (isWriting) await killInWrite(child, folder, end);
  else child.kill("SIGKILL");
  await end;
  if (child.exitCode === null) noteKill(folder);
}

/** Kills a training as soon as it writes a checkpoint. Comes back when it has ended. */
async function killInWrite(child: ChildProcess, folder: string, end: Promise<unknown>): Promise<void> {
  const watcher = watch(join(folder, checkpointFolder), (_, name) => {
    if (name?.endsWith(partialEnding)) child.kill("SIGKILL");
  });
  await end;
  watcher.close();
}

function noteKill(folder: string): void {
  killed.all++;
  if (partialsOf(folder).length > 0) killed.writing++;
}

/** Checkpoints that were being written. */
function partialsOf(folder: string): string[] {
  const place = join(folder, checkpointFolder);
  return existsSync(place) ? readdirSync(place).filter((name) => name.endsWith(partialEnding)) : [];
}

/** A run that was killed once it had so many checkpoints. */
async function killAfterCheckpoints(count: number): Promise<string> {
  const folder = await make("cut");
  const child = flamingo("resume", folder, "--json");
  const end = ended(child);
  let seen = 0;
  for await (const line of createInterface(child.stdout!))
    if (line.includes('"channel":"checkpoint"') && ++seen === count) break;
  child.kill("SIGKILL");
  await end;
  return folder;
}

async function runUnlessOver(folder: string): Promise<void> {
  if (foldRecords(emptyRun(), await readRecords(folder)).status !== "succeeded") await run(folder);
}

/** Kills a kernel whose cell trains, once or twice, and resumes the run in another kernel or in the terminal. */
async function killKernel(number: number): Promise<string> {
  const folder = await make(`kernel-${number}`);
  const cell = `await (await flamingo.openRun(${JSON.stringify(folder)})).resume({ device: "wasm" })`;
  for (let times = number % 3 === 2 ? 2 : 1; times > 0; times--) {
    const kernel = await startKernel();
    const over = kernel.execute(cell).catch(() => undefined); // it dies
    const before = (await readRecords(folder)).length;
    while (
      (await readRecords(folder)).length < before + 10 &&
      (await Promise.race([over, delay(200, "runs")])) === "runs"
    );
    await delay(random.integer(800));
    await kernel.kill();
    noteKill(folder);
  }
  if (number % 2 === 0) await runUnlessOver(folder);
  else {
    const kernel = await startKernel();
    const { content } = await kernel.execute(cell);
    await kernel.kill();
    if (content.status !== "ok") throw new Error(`the cell ended with ${content.ename}: ${content.evalue}`);
  }
  return folder;
}

function startKernel(): Promise<KernelClient> {
  return KernelClient.start({ spec: flamingoKernelspec, cwd: home, env: { FLAMINGO_HOME: home } });
}

async function damagedCopy(from: string, number: number): Promise<string> {
  const folder = `${from}-${number}`;
  cpSync(from, folder, { recursive: true });
  damageCheckpoint(folder, random);
  return folder;
}

/** Comes back at the first step, or when the process ends. */
async function firstStep(child: ChildProcess): Promise<void> {
  for await (const line of createInterface(child.stdout!)) if (line.includes('"channel":"loss"')) break;
  child.stdout!.resume();
}

/** Kills a studio while it trains one run and another waits, and opens it anew. */
async function killStudio(number: number): Promise<string> {
  const first = await startStudio();
  const [run, waiting] = [await first.start(), await first.start()];
  await first.until(run, ({ step }) => step > 2);
  await delay(random.integer(800));
  const end = ended(first.child);
  first.child.kill("SIGKILL");
  await end;
  noteKill(join(home, "runs", run));
  first.close();
  const second = await startStudio();
  await second.until(waiting, ({ status }) => status === "succeeded");
  await second.resumeUnlessOver(run);
  await second.until(run, ({ status }) => status === "succeeded");
  const over = ended(second.child);
  second.child.kill("SIGINT");
  await over;
  second.close();
  const folder = (id: string) => join(home, "runs", id);
  if (number % 2 === 0) return folder(waiting);
  return folder(run);
}

async function startStudio() {
  const { child, connect } = await studioOf(flamingo("start", "--no-open", "--port", "0"));
  const socket = connect();
  const states = new Map<string, RunState>();
  let changed = () => {};
  socket.on("run:records", ({ run, records }, taken) => {
    states.set(run, foldRecords(states.get(run) ?? emptyRun(), records));
    changed();
    taken();
  });
  const until = async (run: string, holds: (state: RunState) => boolean) => {
    await ask(socket, "run:watch", { run, next: states.get(run)?.next ?? 0 });
    while (!holds(states.get(run) ?? emptyRun()))
      await Promise.race([
        new Promise<void>((resolve) => {
          changed = resolve;
        }),
        delay(600_000).then(() => Promise.reject(new Error(`nothing was heard of ${run} for ten minutes`))),
      ]);
  };
  return {
    child,
    until,
    close: () => socket.close(),
    start: async () => (await ask(socket, "run:start", { pipeline, seed: 3, device: "wasm" })).run,
    /** A trainer whose studio was killed stops by itself, with a checkpoint. */
    resumeUnlessOver: async (run: string) => {
      await until(run, ({ status }) => ["succeeded", "stopped", "failed"].includes(status));
      if (states.get(run)!.status !== "succeeded") await ask(socket, "run:resume", { run });
    },
  };
}

interface Result {
  weights: string;
  losses: string;
}

/** What a run came to: its weights and moments, and the loss of each step. */
async function resultOf(folder: string): Promise<Result> {
  const fail = (message: string) => {
    throw new Error(message);
  };
  const { checkpoint } = (await newestCheckpoint(join(folder, checkpointFolder), fail))!;
  const hash = createHash("sha256").update(String(checkpoint.step));
  for (const numbers of [checkpoint.weights, checkpoint.moments])
    for (const [name, { data }] of [...numbers].sort(([a], [b]) => (a < b ? -1 : 1)))
      hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const { channels } = foldRecords(emptyRun(), await readRecords(folder));
  return { weights: hash.digest("hex"), losses: JSON.stringify(channels.loss) };
}

async function differences(expected: Result, found: Result, folder: string): Promise<string | undefined> {
  if (found.weights !== expected.weights) return "the weights differ";
  if (found.losses !== expected.losses) return "the losses differ";
  const damage = await findDamage(folder);
  if (damage.length > 0) return `the log is damaged: line ${damage[0]!.line} (${damage[0]!.reason})`;
  const seqs = (await readRecords(folder)).map(({ seq }) => seq);
  if (seqs.some((seq, index) => seq !== index)) return "the log has gaps";
  const left = partialsOf(folder);
  return left.length > 0 ? `${left.length} partial files are left` : undefined;
}
