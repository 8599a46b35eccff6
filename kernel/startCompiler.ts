import { CompilerProcess } from "./interpreter/compilerProcess.ts";
import { findSnapshot } from "./types/snapshot.ts";

/** Starts the compiler's process, from its snapshot where there is one. */
export function startCompiler(): CompilerProcess {
  return new CompilerProcess(findSnapshot());
}
