import { availableParallelism } from "node:os";
import * as tf from "@tensorflow/tfjs";
import { FlamingoError } from "../../core/errors.ts";
import { buildKernels } from "./build.ts";
import { loadSharedBackend, type SharedBackend } from "./module.ts";
import { registerKernels } from "./registry.ts";
import { gatherTeam, type Team } from "./team.ts";

export { buildKernels } from "./build.ts";

/** What became of the wasm device: how many threads compute, and what it can do. */
export interface WasmDevice {
  threads: number;
  simd: boolean;
  /** Whether products and sums are fused (relaxed SIMD), which changes the last bit of results. */
  relaxed: boolean;
  note: string;
}

let opened: { shared: SharedBackend; module: WebAssembly.Module; team: Team } | undefined;

/**
 * Makes `wasm` the current device: TensorFlow.js' module on shared memory, and our own kernels on `threads` threads, all
 * cores unless told. Opening it again with another number of threads keeps its tensors.
 *
 * @throws FlamingoError DEVICE_UNAVAILABLE if WebAssembly cannot run here.
 */
export async function openWasm(options: { threads?: number } = {}): Promise<WasmDevice> {
  const threads = Math.max(1, Math.min(64, Math.floor(options.threads ?? availableParallelism())));
  try {
    const { shared, module } = opened ?? (await load());
    if (opened?.team.threads !== threads) {
      opened?.team.dismiss();
      const team = await gatherTeam(module, shared.memory, shared.allocate, threads);
      opened = { shared, module, team };
      registerKernels(team, shared);
    }
    await tf.setBackend("wasm");
  } catch (cause) {
    if (cause instanceof FlamingoError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    const fix = "take the device cpu, or another version of Node";
    throw new FlamingoError("DEVICE_UNAVAILABLE", `wasm cannot start: ${message}`, { fix }, { cause });
  }
  return { threads, simd: true, relaxed: false, note: `fused kernels, 128-bit SIMD, ${threads} threads` };
}

async function load(): Promise<{ shared: SharedBackend; module: WebAssembly.Module }> {
  const { bytes } = await buildKernels();
  return { shared: await loadSharedBackend(), module: new WebAssembly.Module(bytes) };
}
