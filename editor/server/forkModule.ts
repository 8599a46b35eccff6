import { type ChildProcess, type ForkOptions, fork } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const tsconfig = fileURLToPath(new URL("../../tsconfig.json", import.meta.url));

/** Starts a process that runs one of the studio's TypeScript modules, whatever folder the studio was started in. */
export function forkModule(module: string, options: ForkOptions): ChildProcess {
  const env = { ...process.env, ...options.env, TSX_TSCONFIG_PATH: tsconfig };
  return fork(module, [], { ...options, env, execArgv: ["--import", loader] });
}
