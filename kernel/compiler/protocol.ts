import type { CellScript, Script } from "./script.ts";

/** What is wrong with a cell or a file by its text and types, in lines for a person. */
export interface CompileError {
  message: string;
  traceback: string[];
}

/** A cell that can be run. */
export interface CompiledCell extends CellScript {
  /** By which its end is told. */
  id: number;
  /** Modules that it asks for by `require("...")`. */
  requires: string[];
  /** How many lines the compiler saw before the cell's first. */
  linesBefore: number;
  /** What of it is no error and yet to be told. */
  notes: string[];
}

/** A file beside the notebook, ready to be run. */
export type CompiledFile = {
  /** As it was written. */
  text: string;
  /** The modules that it asks for by `require("...")`. */
  requires: string[];
} & (({ format: "module" } & Script) | { format: "commonjs"; code: string; map: string });

export interface Completion {
  text: string;
  /** "function", "property", "keyword", ...: TypeScript's kinds. */
  kind: string;
  /** For example `(x: Tensor): Tensor`. */
  type?: string;
  documentation?: string;
}

/** Replaces `start` to `end` (UTF-16 offsets into the code). */
export interface Completions {
  start: number;
  end: number;
  items: Completion[];
}

/** Completions, with the chain of names whose value's own properties belong to them, where its type is not known. */
export interface FoundCompletions extends Completions {
  untyped?: { path: string[]; written: string };
}

/** What is known of the name at an offset. */
export interface Inspection {
  /** The declaration, as TypeScript prints it. */
  signature: string;
  /** Markdown. */
  documentation: string;
}

export type Completeness = { status: "complete" | "invalid" | "unknown" } | { status: "incomplete"; indent: string };

/** A variable as a person sees it in a list. */
export interface DeclaredVariable {
  name: string;
  /** As TypeScript prints it. */
  type: string;
}

/** The library that cells have in scope. */
export interface PreloadedLibrary {
  name: string;
  module: string;
  /** The file that declares it. */
  declarations: string;
}

/** What the compiler's process is asked, and what it answers. */
export interface Requests {
  /**
   * The first.
   * @param globals the names that `globalThis` has from the start
   * @returns what a person is told about the folder's tsconfig.json
   */
  open(folder: string, globals: string[]): string[];
  preload(library: PreloadedLibrary): void;
  /** @param globals names that code has added to `globalThis` */
  compile(code: string, name: string, globals: string[]): CompiledCell | CompileError;
  /**
   * As `compile`, by a compiler that knows the language's own library alone, which is there long before the other.
   * @returns undefined where Node's types, a module or the notebook's library could make a difference
   */
  compileEarly(code: string, name: string): CompiledCell | CompileError | undefined;
  /** A cell has ended: what it declared is in scope from now on, its variables as far as they are there. */
  accept(id: number, variables: string[]): void;
  /** A cell that ran when another process compiled it. */
  replay(code: string, name: string, globals: string[], variables: string[]): void;
  /** Lets cells import code as a file beside the notebook. @returns its path */
  define(name: string, code: string, cell: string): string | CompileError;
  compileFile(path: string): CompiledFile | CompileError;
  /** The file beside the notebook that a specifier names; undefined where Node is to find it. */
  resolve(specifier: string, importer: string): string | undefined;
  complete(code: string, cursor: number): FoundCompletions;
  inspect(code: string, cursor: number): Inspection | undefined;
  isComplete(code: string): Completeness;
  /** The types of variables in scope. */
  variables(): DeclaredVariable[];
}

export interface Request {
  id: number;
  method: keyof Requests;
  args: unknown[];
}

/** The answer to a request, or how it failed. The first of a process has the id 0 and says that it listens. */
export type Response = { id: number; result: unknown } | { id: number; failure: string };
