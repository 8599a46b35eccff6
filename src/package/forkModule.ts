import { type ChildProcess, type ForkOptions, fork } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isCompiled, moduleFile } from "./compiled.ts";

/**
 * Starts a process that runs one of the studio's modules, whatever folder the studio was started in.
 * @param source the module's TypeScript file, also where only its compiled file is there
 */
export function forkModule(source: string, options: ForkOptions): ChildProcess {
  const env = { ...process.env, ...options.env };
  if (isCompiled) return fork(moduleFile(source), [], { ...options, env, execArgv: [] });
  const tsconfig = fileURLToPath(new URL("../../tsconfig.json", import.meta.url));
  const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  return fork(source, [], { ...options, env: { ...env, TSX_TSCONFIG_PATH: tsconfig }, execArgv: ["--import", loader] });
}
