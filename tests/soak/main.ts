import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Socket } from "socket.io-client";
import type { LogRecord } from "../../src/channels/channel.ts";
import { Random } from "../../src/core/random.ts";
import { readRecords } from "../../src/runs/reader.ts";
import { ask, quickPipeline, spawnFlamingo, studioOf } from "../studioProcess.ts";

/**
 * `npm run -s soak -- --minutes 60 [--viewers 20] [--seed S]`: a run goes on for the whole time while viewers connect, watch it,
 * reload and leave at random. No viewer may miss a record or see one twice, and after the first sixth of the time the studio's
 * memory may grow by at most 0.2 MB a minute. Slow answers and lost connections, which a busy machine has, are counted.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    viewers: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
  },
});
const minutes = Number(values.minutes);
const viewers = Number(values.viewers);
const mostGrowth = 0.2;
/** Milliseconds after which an answer is slow, and after which it counts as lost. */
const [slow, patience] = [10_000, 900_000];
const answers = { slow: 0, slowest: 0, disconnected: 0 };
const end = performance.now() + minutes * 60_000;
const home = mkdtempSync(join(tmpdir(), "flamingo-soak-"));
const random = new Random(Number(values.seed));

const studio = await studioOf(spawnFlamingo(home, "start", "--no-open", "--port", "0"));
studio.child.stderr!.resume();
try {
  const owner = studio.connect();
  const pipeline = await quickPipeline({ steps: 100_000_000, checkpointEvery: 1000 });
  const { run } = await ask(owner, "run:start", { pipeline, seed: 3, device: "wasm" });
  console.log(`${minutes} minutes, ${viewers} viewers, seed ${values.seed}, ${cpus()[0]!.model.trim()}`);

  const memory: [number, number][] = [];
  const [watched] = await Promise.all([
    Promise.all(Array.from({ length: viewers }, (_, index) => view(run, random.fork(index)))),
    measure(memory),
  ]);
  owner.close();
  const stopper = studio.connect(); // the owner's connection may have been lost
  await ask(stopper, "run:stop", { run }, patience);
  stopper.close();

  const records = (await readRecords(join(home, "runs", run))).length;
  const seen = watched.reduce((sum, { seen }) => sum + seen, 0);
  const visits = watched.reduce((sum, { visits }) => sum + visits, 0);
  const growth = slope(memory.filter(([minute]) => minute >= minutes / 6));
  console.log(`${records} records, ${visits} visits, ${seen} records seen, none missed or doubled`);
  const { slow: slowOnes, slowest, disconnected } = answers;
  console.log(
    `${slowOnes} answers took over ${slow / 1000} s (the slowest ${(slowest / 1000).toFixed(1)} s), ${disconnected} connections were lost`,
  );
  console.log(`memory grew by ${growth.toFixed(3)} MB a minute after the first sixth (at most ${mostGrowth})`);
  process.exitCode = growth > mostGrowth ? 1 : 0;
} finally {
  const ended = new Promise((resolve) => studio.child.once("exit", resolve));
  studio.child.kill("SIGINT");
  await ended;
  rmSync(home, { recursive: true, force: true });
}

/**
 * A viewer comes and goes until the time is over. A visit begins at the run's start or, as a page that lost its connection does,
 * at the record after the last one seen.
 * @throws Error on a record that is missed or comes twice
 */
async function view(run: string, random: Random): Promise<{ visits: number; seen: number }> {
  let [visits, seen, next] = [0, 0, 0];
  while (performance.now() < end) {
    if (random.integer(3) === 0) next = 0; // loaded anew
    const socket = studio.connect();
    let isLeaving = false;
    const lost = listen(socket, next, (count) => {
      next += count;
      seen += count;
    });
    const gone = new Promise<void>((resolve) => socket.once("disconnect", () => resolve()));
    gone.then(() => isLeaving || answers.disconnected++);
    const stay = () => delay(Math.min(random.integer(30_000), Math.max(0, end - performance.now())));
    const visit = async () => {
      await askPatiently(socket, "run:watch", { run, next });
      await stay();
      if (random.integer(2) === 0) await askPatiently(socket, "run:unwatch", { run });
    };
    const visiting = visit();
    visiting.catch(() => undefined); // what a lost connection leaves without an answer
    await Promise.race([lost, gone, visiting]);
    isLeaving = true;
    socket.close();
    visits++;
    await delay(random.integer(2000));
  }
  return { visits, seen };
}

/** Asks, however long it takes, and notes that. */
async function askPatiently(socket: Socket, name: string, body: object): Promise<void> {
  const start = performance.now();
  await ask(socket, name, body, patience);
  const time = performance.now() - start;
  if (time > slow) answers.slow++;
  answers.slowest = Math.max(answers.slowest, time);
}

/** Counts a visit's records; rejects on one that does not follow the one before. */
function listen(socket: Socket, first: number, count: (records: number) => void): Promise<never> {
  let expected = first;
  return new Promise((_, reject) =>
    socket.on("run:records", ({ records }: { records: LogRecord[] }, taken: () => void) => {
      for (const { seq } of records)
        if (seq !== expected++) reject(new Error(`record ${seq} came in place of ${expected - 1}`));
      count(records.length);
      taken();
    }),
  );
}

/** The studio's resident memory in MB, every ten seconds, by minute. */
async function measure(memory: [number, number][]): Promise<void> {
  const start = performance.now();
  while (performance.now() < end) {
    const pages = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${studio.child.pid}/status`, "utf8"))![1]!;
    memory.push([(performance.now() - start) / 60_000, Number(pages) / 1024]);
    if (memory.length % 30 === 1) {
      const [minute, size] = memory.at(-1)!;
      console.log(`minute ${minute.toFixed(0)}: ${size.toFixed(1)} MB`);
    }
    await delay(10_000);
  }
}

/** The slope of the least-squares line through points. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const over = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return over / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}
