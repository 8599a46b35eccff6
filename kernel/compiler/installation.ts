import { builtinModules, createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { PreloadedLibrary } from "./protocol.ts";

/** What the compiler's process is told of where things are. */
export interface CompilerInstallation {
  /** The library's own folder. */
  root: string;
  typescript: string;
  /** The folder of @types/node. */
  nodeTypes: string;
  /** A file of the kernel: what is found nowhere near the notebook is looked for from there. */
  importer: string;
  /** Declarations that are there in every cell. */
  declarations: string[];
  /** The names of Node's own modules. */
  builtins: readonly string[];
  /** Whether it knows the language's own library alone: see `compileEarly` in protocol.ts. */
  isEarly: boolean;
  library?: PreloadedLibrary;
}

/** What the compiler's process runs. */
export const compilerScript = join(import.meta.dirname, "start.cjs");

/** @param library that cells have in scope from the start */
export function compilerInstallation(library?: PreloadedLibrary): CompilerInstallation {
  const declarations = ["webAssembly.d.ts", "dialogs.d.ts"];
  return { ...installation(declarations), isEarly: false, ...(library ? { library } : {}) };
}

/** Of the compiler of a kernel's first cells. */
export function earlyCompilerInstallation(): CompilerInstallation {
  return { ...installation(["console.d.ts", "dialogs.d.ts"]), isEarly: true };
}

function installation(declarations: string[]): Omit<CompilerInstallation, "isEarly"> {
  const require = createRequire(import.meta.url);
  return {
    root: dirname(dirname(import.meta.dirname)),
    typescript: require.resolve("typescript"),
    nodeTypes: dirname(require.resolve("@types/node/package.json")),
    importer: compilerScript,
    declarations: declarations.map((name) => join(import.meta.dirname, name)),
    builtins: builtinModules,
  };
}
