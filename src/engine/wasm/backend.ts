import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { FlamingoError } from "../../core/errors.ts";
import { buildKernels } from "./build.ts";
import { loadSharedBackend, type SharedBackend } from "./module.ts";
import { registerKernels } from "./registry.ts";
import { gatherTeam, type Team } from "./team.ts";

/** What became of the wasm device: how many threads compute, and what it can do. */
export interface WasmDevice {
  threads: number;
  simd: boolean;
  /** Whether products and sums are fused (relaxed SIMD), which changes the last bit of results. */
  relaxed: boolean;
  note: string;
}

export interface WasmOptions {
  /** All cores unless told. */
  threads?: number;
  /** Threads share also what is so small that it would be done sooner by one: for tests of the sharing. */
  shareAll?: boolean;
}

let opened: { shared: SharedBackend; module: WebAssembly.Module; team: Team; shareAll: boolean } | undefined;

/**
 * Makes `wasm` the current device: TensorFlow.js' module on shared memory, and our own kernels on `threads` threads, all
 * cores unless told. Opening it again with another number of threads keeps its tensors.
 *
 * Where threads or our kernels cannot start, it is TensorFlow.js' own device with the plain formulas; the note says why.
 *
 * @throws FlamingoError DEVICE_UNAVAILABLE if WebAssembly cannot run here.
 */
export async function openWasm(options: WasmOptions = {}): Promise<WasmDevice> {
  const threads = Math.max(1, Math.min(64, Math.floor(options.threads ?? availableParallelism())));
  let problem = "";
  try {
    await openShared(threads, options.shareAll ?? false);
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
    findOwnFiles();
  }
  if (!(await tf.setBackend("wasm")))
    throw new FlamingoError("DEVICE_UNAVAILABLE", `wasm cannot start: ${problem}`, { fix: "take the device cpu" });
  return problem
    ? { threads: 1, simd: true, relaxed: false, note: `TensorFlow.js' own kernels, 1 thread, because ${problem}` }
    : { threads, simd: true, relaxed: false, note: `fused kernels, 128-bit SIMD, ${threads} threads` };
}

async function openShared(threads: number, shareAll: boolean): Promise<void> {
  const { shared, module } = opened ?? (await load());
  if (opened?.team.threads === threads && opened.shareAll === shareAll) return;
  opened?.team.dismiss();
  const team = await gatherTeam(module, shared.memory, shared.allocate, threads, shareAll);
  opened = { shared, module, team, shareAll };
  registerKernels(team, shared);
}

/** TensorFlow.js looks for its compiled modules beside the script that was started; they lie in its package. */
function findOwnFiles(): void {
  setWasmPaths(`${dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"))}/`);
}

async function load(): Promise<{ shared: SharedBackend; module: WebAssembly.Module }> {
  const { bytes } = await buildKernels();
  return { shared: await loadSharedBackend(), module: new WebAssembly.Module(bytes) };
}
