import { createRequire } from "node:module";
import type * as TypeScript from "typescript";

/** What tslab's compiler answers (tslab/dist/converter). */
export interface Converted {
  output?: string;
  declOutput?: string;
  diagnostics: TslabDiagnostic[];
  hasToplevelAwait?: boolean;
  sideOutputs?: { path: string; data: string }[];
  lastExpressionVar?: string;
}

export interface TslabDiagnostic {
  start: { offset: number; line: number; character: number };
  end: { offset: number; line: number; character: number };
  messageText: string;
  code: number;
  fileName?: string;
}

export interface TslabCompletions {
  start: number;
  end: number;
  candidates: string[];
  original?: { entries: TypeScript.CompletionEntry[]; isMemberCompletion: boolean };
}

export interface Converter {
  convert(declarations: string, code: string): Converted;
  complete(declarations: string, code: string, cursor: number): TslabCompletions;
  inspect(declarations: string, code: string, cursor: number): TypeScript.QuickInfo | undefined;
  addModule(name: string, code: string, meta: unknown): TslabDiagnostic[];
  close(): void;
}

export interface Executor {
  execute(code: string): Promise<boolean>;
  /** The variables of all cells. */
  locals: Record<string, unknown>;
  interrupt(): void;
  close(): void;
}

interface Converters {
  node: Pick<Converter, "convert" | "complete" | "inspect" | "addModule">;
  browser: null;
  close(): void;
}

type Log = (...values: unknown[]) => void;

const requireHere = createRequire(import.meta.url);
const requireFromTslab = createRequire(requireHere.resolve("tslab/dist/converter.js"));

/** The TypeScript that tslab carries, with what it keeps internal. */
export type PatchedTypeScript = typeof TypeScript & {
  setParentRecursive(node: TypeScript.Node, incremental: boolean): void;
  bindSourceFile(file: TypeScript.SourceFile, options: TypeScript.CompilerOptions): void;
};

/**
 * TypeScript as tslab sees it. Its exports are read-only, so tslab is given a copy, in which what makes programs can be
 * replaced while a converter is made.
 */
export const typescript: PatchedTypeScript = copyOfTypeScript();

function copyOfTypeScript(): PatchedTypeScript {
  const path = requireFromTslab.resolve("@tslab/typescript-for-tslab");
  // By require: through an ESM loader's hooks these eight megabytes take twice as long.
  const copy = { ...requireFromTslab(path) };
  requireFromTslab.cache[path]!.exports = copy;
  return copy;
}

export const tslabConverter: {
  createConverter(options: { isJS?: boolean }): Converter;
  isCompleteCode(code: string): { completed: boolean; indent?: string };
} = requireHere("tslab/dist/converter.js");

export const tslabExecutor: {
  createExecutor(folder: string, converters: Converters, console: { log: Log; error: Log }): Executor;
} = requireHere("tslab/dist/executor.js");

/** Through this variable tslab's `display` writes. */
export const tslabDisplay: {
  lastWriteDisplayData:
    | ((content: { data: Record<string, unknown>; transient: { display_id?: string } }, update: boolean) => void)
    | null;
} = requireHere("tslab/dist/jupyter.js");

/** Where a package that the kernel brings along lies. */
export function packageFolder(name: string): string {
  const manifest = `${name}/package.json`;
  let path: string;
  try {
    path = requireHere.resolve(manifest);
  } catch {
    path = requireFromTslab.resolve(manifest);
  }
  return path.slice(0, -"/package.json".length);
}
