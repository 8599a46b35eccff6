import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { FlamingoError } from "../../../core/errors.ts";
import { buildKernels } from "./build.ts";
import { hasFusedMultiplyAdd } from "./fusedMultiplyAdd.ts";
import { loadSharedBackend, type SharedBackend } from "./module.ts";
import { registerKernels } from "./registry.ts";
import { gatherTeam, type Team } from "./team.ts";

/** What became of the wasm device: how many threads compute, and what it can do. */
export interface WasmDevice {
  threads: number;
  simd: boolean;
  /** Whether products are added with one rounding, which changes the last bit of results. */
  fused: boolean;
  note: string;
}

export interface WasmOptions {
  /** All cores by default. */
  threads?: number;
  /** Threads share also what is so small that it would be done sooner by one: for tests of the sharing. */
  shareAll?: boolean;
  /** Whether products are added with one rounding; by default where the machine can. */
  fused?: boolean;
}

interface Settings {
  threads: number;
  shareAll: boolean;
  fused: boolean;
}

let opened: { shared: SharedBackend; module: WebAssembly.Module; team: Team; settings: Settings } | undefined;

/**
 * Makes `wasm` the current device: TensorFlow.js' module on shared memory, and our own kernels on `threads` threads, all
 * cores by default. Opening it again with another number of threads keeps its tensors.
 *
 * Where threads or our kernels cannot start, it is TensorFlow.js' own device with the plain formulas; the note says why.
 *
 * @throws FlamingoError DEVICE_UNAVAILABLE if WebAssembly cannot run here.
 */
export async function openWasm(options: WasmOptions = {}): Promise<WasmDevice> {
  const threads = Math.max(1, Math.min(64, Math.floor(options.threads ?? availableParallelism())));
  const { shareAll = false, fused = hasFusedMultiplyAdd() } = options;
  let problem = "";
  try {
    await openShared({ threads, shareAll, fused });
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
    findOwnFiles();
  }
  if (!(await tf.setBackend("wasm")))
    throw new FlamingoError("DEVICE_UNAVAILABLE", `wasm cannot start: ${problem}`, { fix: "take the device cpu" });
  return problem
    ? { threads: 1, simd: true, fused: false, note: `TensorFlow.js' own kernels, 1 thread, because ${problem}` }
    : {
        threads,
        simd: true,
        fused,
        note: `fused kernels, 128-bit SIMD${fused ? " with FMA" : ""}, ${threads} threads`,
      };
}

async function openShared(settings: Settings): Promise<void> {
  if (isDeepStrictEqual(opened?.settings, settings)) return;
  const same = opened?.settings.fused === settings.fused ? opened : undefined;
  const shared = opened?.shared ?? (await loadSharedBackend());
  const module = same?.module ?? new WebAssembly.Module((await buildKernels(settings.fused)).bytes);
  opened?.team.dismiss();
  const team = await gatherTeam(module, shared.memory, shared.allocate, settings.threads, settings.shareAll);
  opened = { shared, module, team, settings };
  registerKernels(team, shared);
}

/** TensorFlow.js expects its compiled modules beside the script that was started; they are in its package. */
function findOwnFiles(): void {
  setWasmPaths(`${dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"))}/`);
}
