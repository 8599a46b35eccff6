import { AsyncLocalStorage } from "node:async_hooks";
import type { Comm, CommOpening } from "./comm.ts";
import type { MimeBundle } from "./mimeBundle.ts";

/**
 * What code in a cell may do to the page that it was sent from, while it runs and also later: a timer that prints after
 * its cell has ended still prints below that cell.
 */
export interface Cell {
  /** Aborted when a person interrupts the cell. */
  readonly signal: AbortSignal;
  /** Whether it has ended after an interrupt: what of its code goes on all the same ends at its next `await`. */
  readonly isGivenUp?: boolean;
  print(stream: "stdout" | "stderr", text: string): void;
  /** Shows a bundle; with a `displayId`, it can be replaced by `updateDisplay` later, from any cell. */
  display(bundle: MimeBundle, displayId?: string): void;
  updateDisplay(bundle: MimeBundle, displayId: string): void;
  /** Empties the cell's output; with `wait`, only when the next output comes. */
  clearOutput(wait?: boolean): void;
  /** Asks the person for a line. Rejects with KERNEL_NO_STDIN where the front end cannot ask. */
  input(prompt: string, options?: { password?: boolean }): Promise<string>;
  /** The same, and holds the thread until the person has answered. */
  prompt(prompt: string): string;
  /** Opens a comm to the front end, a widget's channel for instance. */
  openComm(opening: CommOpening): Comm;
  /**
   * Says that work heeds `signal`, such as a training that stops after its step: an interrupt leaves the cell to end by itself
   * until this work has ended, and for ten seconds at most.
   */
  heeds?(work: Promise<unknown>): void;
}

const current = new AsyncLocalStorage<Cell>();

/** The cell whose code is running, also after an await or in a timer that it set; undefined outside of cells. */
export function currentCell(): Cell | undefined {
  return current.getStore();
}

/** Runs code as part of a cell, with all that it starts. */
export function runInCell<Result>(cell: Cell, run: () => Result): Result {
  return current.run(cell, run);
}
