import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { setCapabilities } from "../capabilities.ts";
import type { Missing, Opened } from "../opened.ts";
import type { Binding, NodeBackend } from "./binding.ts";
import { installationFolder, operationsHash, parts, readInstallation } from "./installation/installation.ts";
import { registerKernels } from "./registry.ts";

const require = createRequire(import.meta.url);

/** Packages that bind TensorFlow's C library with a library that they download themselves, where that works. */
const packages = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"] as const;

const fix = "flamingo device tensorflow --install";

/** A TensorFlow that is installed: by us, or as a package of the project's. */
export interface FoundTensorflow {
  name: string;
  /** Whether its addon has our own operations, as they are now, which run on the CPU. */
  native: boolean;
  load(): Promise<void>;
}

/** Opens TensorFlow's own kernels, by CUDA or on the CPU, where it is installed and works. */
export async function openTensorflow({ threads }: { threads?: number } = {}): Promise<Opened | Missing> {
  const found = findTensorflow();
  if (!found) return { missing: "it is not installed", fix };
  try {
    return await open(found, threads);
  } catch (error) {
    const [reason] = String((error as Error).message).split("\n");
    return { missing: `${found.name} is installed but does not work: ${reason}`, fix: `install it again: ${fix}` };
  }
}

/** Ours first, then the package for GPUs. */
export function findTensorflow(): FoundTensorflow | undefined {
  const installed = readInstallation();
  if (installed) {
    const { tensorflow, gpu, operations } = installed;
    return {
      name: `TensorFlow ${tensorflow}`,
      native: operations === operationsHash(),
      load: async () => loadInstallation(installationFolder, gpu),
    };
  }
  for (const name of packages) {
    const entry = resolvePackage(name);
    if (entry !== undefined)
      return { name, native: false, load: async () => void (await import(pathToFileURL(entry).href)) };
  }
  return undefined;
}

function resolvePackage(name: string): string | undefined {
  try {
    return require.resolve(name);
  } catch {
    return undefined;
  }
}

/** Loads what is in the installation's folder: the package's own entry expects its addon elsewhere. */
function loadInstallation(folder: string, gpu: boolean): void {
  const file = (name: string) => join(folder, parts.package, "dist", name);
  const binding = require(join(folder, parts.addon)) as Binding;
  require(file("register_all_kernels.js"));
  const { NodeJSKernelBackend } = require(file("nodejs_kernel_backend.js")) as {
    NodeJSKernelBackend: new (binding: Binding, packageName: string) => NodeBackend;
  };
  const name = gpu ? packages[0] : packages[1];
  tf.registerBackend("tensorflow", () => new NodeJSKernelBackend(binding, name));
}

let threadsInUse = 0;

async function open(found: FoundTensorflow, threads = availableParallelism()): Promise<Opened> {
  if (!tf.findBackendFactory("tensorflow")) {
    // TensorFlow reads these once, when it starts.
    process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
    process.env.TF_NUM_INTRAOP_THREADS ??= String(threads);
    threadsInUse = Number(process.env.TF_NUM_INTRAOP_THREADS);
    await found.load();
    if (!tf.findBackendFactory("tensorflow"))
      throw new Error("it came with a copy of TensorFlow.js of its own; install the version that this project has");
    if (!(await tf.setBackend("tensorflow"))) throw new Error("TensorFlow could not start");
    const backend = tf.backend() as NodeBackend;
    registerKernels(backend, found.native && !backend.isUsingGpuDevice);
  } else if (!(await tf.setBackend("tensorflow"))) throw new Error("TensorFlow could not start");
  await tryOut();
  const { isGPUPackage, isUsingGpuDevice } = tf.backend() as NodeBackend;
  const where = isUsingGpuDevice ? "CUDA" : isGPUPackage ? "the CPU, since TensorFlow finds no CUDA GPU" : "the CPU";
  const inUse = isUsingGpuDevice ? "" : `, ${threadsInUse} threads`;
  const slower = found.native || isUsingGpuDevice ? "" : ` (faster after ${fix})`;
  // It sums up the last rows of a product, those that fill no tile, in another order.
  const capabilities = { readsAtOnce: true, rowsKeepBits: false };
  setCapabilities("tensorflow", capabilities);
  return {
    ...capabilities,
    description: `${found.name} on ${where}${inUse}${slower}`,
    software: false,
    threads: threadsInUse,
    ...(isUsingGpuDevice ? {} : { memory: process.availableMemory() }),
  };
}

/** A product and its gradient: an addon that loads but does not fit this Node fails here, not in a run. */
async function tryOut(): Promise<void> {
  const gradient = tf.tidy(() => {
    const right = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    return tf.grad((left: tf.Tensor) => left.matMul(right).sum())(tf.ones([2, 2]));
  });
  const [first] = await gradient.data();
  gradient.dispose();
  if (first !== 3) throw new Error(`a gradient that is 3 came out as ${first}`);
}
