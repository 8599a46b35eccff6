import { type ResourceLimits, Worker } from "node:worker_threads";
import { isCompiled, moduleFile } from "./compiled.ts";

/**
 * Starts a thread that runs one of the studio's modules.
 * @param source URL of the module's TypeScript file, also where only its compiled file is there
 * @param data its `workerData`
 */
export function startThread(source: URL, data: unknown, resourceLimits: ResourceLimits = {}): Worker {
  const options = { workerData: data, execArgv: [], resourceLimits };
  if (isCompiled) return new Worker(new URL(moduleFile(source.href)), options);
  const launcher = new URL("./thread.js", import.meta.url);
  return new Worker(launcher, { ...options, argv: [source.href] });
}
