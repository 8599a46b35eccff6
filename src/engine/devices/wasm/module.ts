import { createRequire } from "node:module";
import * as tf from "@tensorflow/tfjs";
import { BackendWasm, setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import { FlamingoError } from "../../../core/errors.ts";

/** What of TensorFlow.js' compiled module is used here. */
interface CompiledModule {
  cwrap(name: string, result: string | null, parameters: string[]): (...values: number[]) => number;
  _malloc(bytes: number): number;
  _free(address: number): void;
  HEAPU8: Uint8Array;
  tfjs: Record<string, (...values: number[]) => number>;
}

type Factory = (settings: object) => Promise<CompiledModule>;

/** TensorFlow.js' wasm backend on a memory that threads can share. */
export interface SharedBackend {
  backend: BackendWasm;
  memory: WebAssembly.Memory;
  allocate(bytes: number): number;
  free(address: number): void;
}

/**
 * Starts the build of TensorFlow.js' module that can share its memory, on a memory that we own, so that our kernels can
 * work on its tensors. Its own threads stay off: what takes time runs on the project's threads.
 */
export async function loadSharedBackend(): Promise<SharedBackend> {
  const require = createRequire(import.meta.url);
  const factory = require("@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js") as Factory;
  const memory = new WebAssembly.Memory({ initial: 1024, maximum: 65536, shared: true });
  const module = await withoutSideEffects(() => factory({ wasmMemory: memory }));
  refuseWhenFull(module);
  module.tfjs = {
    init: module.cwrap("init", null, []),
    initWithThreadsCount: module.cwrap("init_with_threads_count", null, ["number"]),
    getThreadsCount: module.cwrap("get_threads_count", "number", []),
    registerTensor: module.cwrap("register_tensor", null, ["number", "number", "number"]),
    disposeData: module.cwrap("dispose_data", null, ["number"]),
    dispose: module.cwrap("dispose", null, []),
  };
  setThreadsCount(1);
  const backend = new BackendWasm(module as unknown as ConstructorParameters<typeof BackendWasm>[0]);
  if (tf.findBackendFactory("wasm")) tf.removeBackend("wasm");
  tf.registerBackend("wasm", () => backend, 2);
  return { backend, memory, allocate: (bytes) => module._malloc(bytes), free: (address) => module._free(address) };
}

/** TensorFlow.js does not check whether it got memory: it would write to address 0, or take sizes modulo 4 GiB. */
function refuseWhenFull(module: CompiledModule): void {
  module._free(module._malloc(16)); // the first call replaces itself by the function that it finds
  const allocate = module._malloc;
  module._malloc = (bytes) => {
    const address = bytes < 2 ** 32 ? allocate(bytes) >>> 0 : 0;
    if (address === 0 && bytes > 0)
      throw new FlamingoError("OUT_OF_MEMORY", `the wasm device has no ${bytes} bytes left of its 4 GiB`, {
        fix: "take a smaller batch or a smaller model, or the device tensorflow or webgpu",
      });
    return address;
  };
}

/** A worker that says it is ready and does nothing: the module starts eight and waits for them. */
class IdleWorker {
  onmessage: ((event: { data: object }) => void) | undefined;
  postMessage(): void {
    queueMicrotask(() => this.onmessage?.({ data: { cmd: "loaded" } }));
  }
  on(): void {}
  unref(): void {}
  terminate(): void {}
}

/** Loading the module sets a global and listens to the process' failures, neither of which a library may do. */
async function withoutSideEffects<T>(load: () => Promise<T>): Promise<T> {
  const events = ["uncaughtException", "unhandledRejection"] as const;
  const listeners = events.map((event) => new Set(process.listeners(event as "uncaughtException")));
  const worker = Object.getOwnPropertyDescriptor(globalThis, "Worker");
  const fixed = { get: () => IdleWorker, set: () => {}, configurable: true };
  Object.defineProperty(globalThis, "Worker", fixed);
  try {
    return await load();
  } finally {
    if (worker) Object.defineProperty(globalThis, "Worker", worker);
    else Reflect.deleteProperty(globalThis, "Worker");
    for (const [at, event] of events.entries())
      for (const listener of process.listeners(event as "uncaughtException"))
        if (!listeners[at]!.has(listener)) process.off(event, listener);
  }
}
