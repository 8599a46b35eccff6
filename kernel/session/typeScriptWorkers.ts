import { syncBuiltinESMExports } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import workerThreads, { Worker, type WorkerOptions } from "node:worker_threads";

const loader = new URL("../typescript/", import.meta.url);

/** What lets a process of Node run TypeScript. */
export const loaderArguments = ["--import", new URL("register.mjs", loader).href];

export function isTypeScript(file: string | URL): boolean {
  return /\.[cm]?tsx?$/.test(file instanceof URL ? file.pathname : String(file));
}

/** Lets cells start workers from TypeScript files: `new Worker("./worker.ts")`. */
export function runTypeScriptInWorkers(): void {
  class TypeScriptWorker extends Worker {
    constructor(file: string | URL, options: WorkerOptions = {}) {
      if (options.eval || !isTypeScript(file)) super(file, options);
      else super(startOf(file), { ...options, eval: true });
    }
  }
  Object.defineProperty(TypeScriptWorker, "name", { value: "Worker" });
  workerThreads.Worker = TypeScriptWorker;
  syncBuiltinESMExports();
}

/** A script that runs a file. Node's own flags for a loader have no effect on a worker. */
function startOf(file: string | URL): string {
  const path = file instanceof URL || String(file).startsWith("file:") ? fileURLToPath(file) : resolve(file);
  const hooks = JSON.stringify(new URL("hooks.mjs", loader).href);
  return `require("node:module").register(${hooks}); import(${JSON.stringify(pathToFileURL(path).href)});`;
}
