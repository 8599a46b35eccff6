import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Random } from "../../src/core/random.ts";
import { catalog } from "../../src/execution/registry.ts";
import { checkpointFolder } from "../../src/runs/folder.ts";
import { createJob } from "../../src/runs/job.ts";
import { findDamage, readRecords } from "../../src/runs/reader.ts";
import { emptyRun, foldRecords, type RunState } from "../../src/runs/state.ts";
import { newestCheckpoint } from "../../src/training/checkpoint.ts";
import { ask, quickPipeline, spawnFlamingo, studioOf } from "../studioProcess.ts";

/**
 * `npm run -s crash -- --kills 10 [--seed S]`: kills trainings and studios with -9 at random moments, also while a
 * checkpoint is written and twice in a row, and resumes them. Each must end with the very bits of one that ran through.
 */
const { values } = parseArgs({
  options: { kills: { type: "string", default: "10" }, seed: { type: "string", default: "1" } },
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
  let failed = 0;
  for (let kill = 0; kill < Number(values.kills); kill++) {
    const way = kill % 4 === 3 ? "studio" : "trainer";
    const finding = await (way === "studio" ? killStudio(kill) : killTrainer(kill)).then(
      async (folder) => differences(expected, await resultOf(folder), folder),
      (error: Error) => error.message,
    );
    if (finding) failed++;
    console.log(`kill ${kill + 1} (${way}): ${finding ?? "resumed, the same to the last bit"}`);
  }
  console.log(`${values.kills} kills, ${Number(values.kills) - failed} resumed bit-identical`);
  process.exitCode = failed > 0 ? 1 : 0;
} finally {
  for (const child of running) child.kill("SIGKILL");
  rmSync(home, { recursive: true, force: true });
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
  for (let times = number % 3 === 2 ? 2 : 1; times > 0; times--) {
    const child = flamingo("resume", folder, "--json");
    const end = ended(child);
    if (random.integer(5) > 0) await firstStep(child);
    await delay(random.integer(1500));
    child.kill("SIGKILL");
    await end;
  }
  if (foldRecords(emptyRun(), await readRecords(folder)).status !== "succeeded") await run(folder);
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
  socket.on("run:records", ({ run, records }) => {
    states.set(run, foldRecords(states.get(run) ?? emptyRun(), records));
    changed();
  });
  const until = async (run: string, holds: (state: RunState) => boolean) => {
    await ask(socket, "run:watch", { run, next: states.get(run)?.next ?? 0 });
    while (!holds(states.get(run) ?? emptyRun()))
      await Promise.race([
        new Promise<void>((resolve) => {
          changed = resolve;
        }),
        delay(60_000).then(() => Promise.reject(new Error(`nothing was heard of ${run} for a minute`))),
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
