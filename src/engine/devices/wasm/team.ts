import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { FlamingoError } from "../../../core/errors.ts";
import { numberPrefix } from "./dispatch.ts";

interface Kernels {
  configure(block: number, scratch: number, scratchSize: number, thread: number, threads: number): void;
  scratchSize(): number;
  dispatch(operation: number, alone: boolean): void;
}

/** Threads that perform operations on the shared memory together. */
export interface Team {
  threads: number;
  /**
   * Runs a function of `kernels/` by its name and returns when it is done. `cost` is its rough number of multiplications: what is
   * soon done is done by one thread. No element of a result depends on which thread computes it; what `total` sums does, and
   * is shared by the cost alone.
   */
  perform(code: string, cost: number, integers: readonly number[], floats?: readonly number[]): void;
  /** Σ over the threads of a result that the last operation left; at most eight results each. */
  total(result: number): number;
  dismiss(): void;
}

const blockSize = 8192;
const resultsAt = 1024;
const resultsSize = 64;
const atWorkAt = 64;
const failureAt = 160;
const asleepAt = 164;

/** What takes a few microseconds: about as long as handing a part to a thread that is looking for work. */
const smallCost = 100_000;
/** What takes some tens of microseconds: about as long as waking a thread. */
const smallCostAsleep = 1_000_000;

/** Functions whose results each thread adds up for itself. */
const summed: ReadonlySet<string> = new Set(["dot", "crossEntropy"]);

// What runs in each further thread. A fault is noted before the others are released, so that no thread waits forever.
const threadCode = `
const { parentPort, workerData } = require("node:worker_threads");
const { module, memory, layout } = workerData;
const { exports } = new WebAssembly.Instance(module, { env: { memory, log: Math.log } });
exports.configure(...layout);
parentPort.postMessage("ready");
try {
  exports.work();
} catch (error) {
  const block = new Int32Array(memory.buffer, layout[0], ${blockSize / 4});
  Atomics.store(block, ${failureAt / 4}, 1);
  Atomics.sub(block, ${atWorkAt / 4}, 1);
  Atomics.notify(block, ${atWorkAt / 4});
}`;

/** Starts threads on the shared memory; they never keep the process alive. With `shareAll` they share also what is small. */
export async function gatherTeam(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  allocate: (bytes: number) => number,
  threads: number,
  shareAll = false,
): Promise<Team> {
  const instance = new WebAssembly.Instance(module, { env: { memory, log: Math.log } });
  const kernels = instance.exports as unknown as Kernels;
  const numbers = new Map(
    Object.entries(instance.exports)
      .filter(([name]) => name.startsWith(numberPrefix))
      .map(([name, number]) => [name.slice(numberPrefix.length), (number as WebAssembly.Global).value as number]),
  );
  const scratchSize = (kernels.scratchSize() + 63) & ~63;
  const block = (allocate(blockSize + 64) + 63) & ~63;
  const scratch = (allocate(threads * scratchSize + 64) + 63) & ~63;
  // Growing leaves these views valid: a shared memory's buffers all show the same bytes.
  const command = new Int32Array(memory.buffer, block, blockSize / 4).fill(0);
  const integersIn = new Int32Array(memory.buffer, block + 192, 32);
  const floatsIn = new Float32Array(memory.buffer, block + 320, 16);
  const results = new Float64Array(memory.buffer, block + resultsAt, (threads * resultsSize) / 8);
  kernels.configure(block, scratch, scratchSize, 0, threads);

  const workers = Array.from({ length: threads - 1 }, (_, at) => {
    const layout = [block, scratch, scratchSize, at + 1, threads];
    const worker = new Worker(threadCode, { eval: true, execArgv: [], workerData: { module, memory, layout } });
    worker.unref();
    return worker;
  });
  await Promise.all(workers.map((worker) => once(worker, "message")));

  /** Where the last operation was terminated half-way, the others may still be at it. */
  const awaitOthers = () => {
    for (;;) {
      const left = Atomics.load(command, atWorkAt / 4);
      if (left <= 0) return;
      Atomics.wait(command, atWorkAt / 4, left);
    }
  };

  let members = 1;
  return {
    threads,
    perform(code, cost, integers, floats) {
      const operation = numbers.get(code);
      if (operation === undefined) throw new FlamingoError("INTERNAL", `the wasm device has no function "${code}"`);
      awaitOthers();
      for (let at = 0; at < integers.length; at++) integersIn[at] = integers[at]!;
      if (floats) for (let at = 0; at < floats.length; at++) floatsIn[at] = floats[at]!;
      const asleep = !summed.has(code) && Atomics.load(command, asleepAt / 4) > 0;
      const alone = !shareAll && cost < (asleep ? smallCostAsleep : smallCost);
      members = alone ? 1 : threads;
      kernels.dispatch(operation, alone);
      if (command[failureAt / 4] !== 0)
        throw new FlamingoError("INTERNAL", `a thread of the wasm device failed in "${code}"`);
    },
    total(result) {
      let sum = 0;
      for (let thread = 0; thread < members; thread++) sum += results[(thread * resultsSize) / 8 + result]!;
      return sum;
    },
    dismiss() {
      for (const worker of workers) void worker.terminate();
    },
  };
}
