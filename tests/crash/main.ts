import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
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
import { damageCheckpoint, damageLog, lostRecords } from "./damage.ts";

/**
 * `npm run -s crash -- --kills 10 --damages 10 [--seed S]`: kills trainings, studios and kernels with -9 at random moments, also
 * while a checkpoint is written and twice in a row, and resumes them. Each must end with the very bits of one that ran through.
 * Then it damages logs and checkpoints: a log may lose the damaged record only, and a run goes on from the checkpoint before.
 */
const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "10" },
    damages: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
  },
});
const home = mkdtempSync(join(tmpdir(), "flamingo-crash-"));
const random = new Random(Number(values.seed));
const steps = 240;
const running = new Set<ChildProcess>();

const pipeline = await quickPipeline({ steps, checkpointEvery: 2 });
try {
  const whole = await make("whole");
  await run(whole);
  const expected = await resultOf(whole);
  const ways = { trainer: killTrainer, kernel: killKernel, "second trainer": killTrainer, studio: killStudio };
  const kills = await tryAll("kill", Number(values.kills), ways, async (folder) =>
    differences(expected, await resultOf(folder), folder),
  );
  console.log(`${values.kills} kills, ${kills} resumed bit-identical`);
  const cut = await killAfterCheckpoints(4);
  const damages = await tryAll(
    "damage",
    Number(values.damages),
    {
      log: (number) => damagedCopy(cut, number, damageLog),
      checkpoint: (number) => damagedCopy(cut, number, damageCheckpoint),
    },
    async (folder, way) => {
      if (way === "log") return lostRecords(cut, folder);
      await run(folder);
      const { weights } = await resultOf(folder);
      return weights === expected.weights ? undefined : "the weights differ";
    },
  );
  console.log(`${values.damages} damaged logs and checkpoints, ${damages} lost nothing else`);
  process.exitCode = kills === Number(values.kills) && damages === Number(values.damages) ? 0 : 1;
} finally {
  for (const child of running) child.kill("SIGKILL");
  rmSync(home, { recursive: true, force: true });
}

/** Does something in each way in turn, and says what came of it. @returns how often nothing was wrong */
async function tryAll<Way extends string>(
  what: string,
  count: number,
  ways: Record<Way, (number: number) => Promise<string>>,
  findFault: (folder: string, way: Way) => Promise<string | undefined>,
): Promise<number> {
  const names = Object.keys(ways) as Way[];
  let good = 0;
  for (let number = 0; number < count; number++) {
    const way = names[number % names.length]!;
    const fault = await ways[way](number)
      .then((folder) => findFault(folder, way))
      .catch((error: Error) => error.message);
    if (!fault) good++;
    console.log(`${what} ${number + 1} of ${count} (${way}): ${fault ?? "good"}`);
  }
  return good;
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

/** Kills a training once or twice, from its start to its last step, and resumes it. */
async function killTrainer(number: number): Promise<string> {
  const folder = await make(`trainer-${number}`);
  for (let times = number % 3 === 2 ? 2 : 1; times > 0; times--) await killTraining(folder, random.integer(1500));
  await runUnlessOver(folder);
  return folder;
}

async function killTraining(folder: string, wait: number): Promise<void> {
  const child = flamingo("resume", folder, "--json");
  const end = ended(child);
  if (random.integer(5) > 0) await firstStep(child);
  await delay(wait);
  child.kill("SIGKILL");
  await end;
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

async function damagedCopy(
  from: string,
  number: number,
  damage: (folder: string, random: Random) => void,
): Promise<string> {
  const folder = `${from}-${number}`;
  cpSync(from, folder, { recursive: true });
  damage(folder, random);
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
  const left = readdirSync(join(folder, checkpointFolder)).filter((name) => name.endsWith(".partial"));
  return left.length > 0 ? `${left.length} partial files are left` : undefined;
}
