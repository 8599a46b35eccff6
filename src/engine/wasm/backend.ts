import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";

/** What became of the wasm device: how many threads compute, and what it can do. */
export interface WasmDevice {
  threads: number;
  simd: boolean;
  relaxed: boolean;
  note: string;
}

/** Makes TensorFlow.js' wasm device the current one. */
export async function openWasm(_options: { threads?: number } = {}): Promise<WasmDevice> {
  const folder = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"));
  if (existsSync(join(folder, "tfjs-backend-wasm.wasm"))) setWasmPaths(`${folder}/`);
  await tf.setBackend("wasm");
  await tf.ready();
  return { threads: 1, simd: true, relaxed: false, note: "TensorFlow.js' own kernels" };
}
