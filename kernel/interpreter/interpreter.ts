import type { Completeness, Completions, DeclaredVariable, Inspection } from "../compiler/protocol.ts";

/** How a cell ended. `value` is that of the last expression, undefined where the cell ends in a statement. */
export type Outcome = ({ status: "ok"; value: unknown } | { status: "error"; error: CellError }) & {
  /** Of a cell that was run, as far as it came. */
  names?: CellNames;
};

/** The variables that a cell has to do with: what it has declared, and what it uses of other cells. */
export interface CellNames {
  declared: string[];
  used: string[];
}

/** A type error, or what the cell's code threw, told in terms of the cell's own lines. */
export interface CellError {
  /** "TypeError", "TypeScript", ... */
  name: string;
  message: string;
  /** Lines for a person: where in which cell, the code there, and what it was called from. */
  traceback: string[];
  /** What was thrown, where something was. */
  thrown?: unknown;
}

/** A variable of the notebook, with its value. */
export interface NotebookVariable extends DeclaredVariable {
  value: unknown;
}

/** Compiles and runs cells of TypeScript that share one scope, and answers about their code. */
export interface Interpreter {
  /**
   * Runs a cell. What it declares is there for later cells, also where it fails or is interrupted half-way.
   * Settles for every error of the cell's code; when execution is terminated from outside, it may never settle.
   * @param execution the cell's number, for tracebacks
   */
  evaluate(code: string, execution: number): Promise<Outcome>;
  /** Called after an execution was terminated from outside (its promise may be lost): makes ready for the next cell. */
  recover(): void;
  /** @param cursor UTF-16 offset into the code. Answers also while a cell runs. */
  complete(code: string, cursor: number): Promise<Completions>;
  inspect(code: string, cursor: number): Promise<Inspection | undefined>;
  isComplete(code: string): Promise<Completeness>;
  /** The variables that cells have declared, in that order. */
  variables(): Promise<NotebookVariable[]>;
  close(): void;
}
