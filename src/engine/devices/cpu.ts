import { setBackend } from "../tensor.ts";
import { setCapabilities } from "./capabilities.ts";
import type { Opened } from "./opened.ts";

/** Makes TensorFlow.js' own device in plain JavaScript the current one. It has no kernels of ours: it runs the formulas. */
export async function openCpu(): Promise<Opened> {
  await setBackend("cpu");
  const capabilities = { readsAtOnce: true, rowsKeepBits: true };
  setCapabilities("cpu", capabilities);
  return {
    description: "plain JavaScript, the reference",
    software: false,
    threads: 1,
    memory: process.availableMemory(),
    ...capabilities,
  };
}
