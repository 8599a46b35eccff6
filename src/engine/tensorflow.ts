import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import * as tf from "@tensorflow/tfjs";
import type { Missing, Opened } from "./availability.ts";

/** Optional packages that bind TensorFlow's C library. Whoever wants one installs it; nothing here downloads it. */
const packages = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"] as const;

const fix = "npm install @tensorflow/tfjs-node-gpu (an NVIDIA GPU) or @tensorflow/tfjs-node (the CPU)";

/** Opens TensorFlow's own kernels, by CUDA or on the CPU, where one of the optional packages is installed and works. */
export async function openTensorflow(): Promise<Opened | Missing> {
  const found = findTensorflow();
  if (!found) return { missing: `neither ${packages.join(" nor ")} is installed`, fix };
  try {
    return await openPackage(found.name, found.entry);
  } catch (error) {
    const [reason] = String((error as Error).message).split("\n");
    return { missing: `${found.name} is installed but does not work: ${reason}`, fix: `reinstall it: ${fix}` };
  }
}

/** The package that is installed, the one for GPUs first, and the file to load. */
export function findTensorflow(): { name: string; entry: string } | undefined {
  for (const name of packages) {
    const entry = resolvePackage(name);
    if (entry !== undefined) return { name, entry };
  }
  return undefined;
}

function resolvePackage(name: string): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch {
    return undefined;
  }
}

async function openPackage(name: string, entry: string): Promise<Opened> {
  await import(pathToFileURL(entry).href);
  if (!tf.findBackendFactory("tensorflow"))
    throw new Error("it came with a copy of TensorFlow.js of its own; install the version that this project has");
  if (!(await tf.setBackend("tensorflow"))) throw new Error("TensorFlow could not start");
  await tryOut();
  const { isGPUPackage, isUsingGpuDevice } = tf.backend() as { isGPUPackage?: boolean; isUsingGpuDevice?: boolean };
  const where = isUsingGpuDevice ? "CUDA" : isGPUPackage ? "the CPU, since TensorFlow finds no CUDA GPU" : "the CPU";
  return { description: `TensorFlow on ${where} (${name})`, software: false };
}

/** A product and its gradient: an addon that loads but does not fit this Node fails here, not in a run. */
async function tryOut(): Promise<void> {
  const gradient = tf.tidy(() => {
    const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    return tf.grad((y: tf.Tensor) => y.matMul(x).sum())(x);
  });
  const [first] = await gradient.data();
  gradient.dispose();
  if (first !== 3) throw new Error(`a gradient that is 3 came out as ${first}`);
}
