import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { setCapabilities } from "../capabilities.ts";
import type { Opened } from "../opened.ts";
import { openWasm } from "./backend.ts";

/** WebAssembly counts its bytes in 32 bits. */
const addressable = 2 ** 32;

function filled(shape: readonly number[], fill: (target: Float32Array) => void): tf.Tensor {
  const backend = tf.backend() as BackendWasm;
  const info = backend.makeOutput([...shape], "float32");
  fill(backend.typedArrayFromHeap(info) as Float32Array);
  return tf.engine().makeTensorFromTensorInfo(info);
}

/** Makes `wasm` the current device. @throws FlamingoError DEVICE_UNAVAILABLE if WebAssembly cannot run here */
export async function openWasmDevice({ threads }: { threads?: number }): Promise<Opened> {
  const wasm = await openWasm(threads === undefined ? {} : { threads });
  const capabilities = { readsAtOnce: true, rowsKeepBits: true, addressable, filled };
  setCapabilities("wasm", capabilities);
  return {
    description: `WebAssembly: ${wasm.note}`,
    software: false,
    threads: wasm.threads,
    memory: Math.min(addressable, process.availableMemory()),
    ...capabilities,
  };
}
