import { closeScopes, openScopeCount, wrapOperations } from "./tfjsInternals.ts";

/** Runs something from its beginning to its end. */
type RunWhole = <Result>(run: () => Result) => Result;

let runWhole: RunWhole = (run) => run();

/**
 * Runs every operation on tensors by `whole` from now on. For programs whose code may be terminated at any point: an
 * operation that ends half-way leaves threads at work on its memory, and tensors that nothing frees.
 */
export function keepOperationsWhole(whole: RunWhole): void {
  runWhole = whole;
  wrapOperations(whole);
}

/** Runs what must not be terminated half-way in such a program. */
export function asOperation<Result>(run: () => Result): Result {
  return runWhole(run);
}

/**
 * The scopes, the gradient's tape and the operations that TensorFlow.js holds open. Each is closed in a `finally`, which code
 * that is terminated never reaches: later results would be freed too late, and recorded in part. Loads no TensorFlow.js.
 */
export class OpenScopes {
  #noted = 0;

  /** Notes the scopes that are open now. To be called while nothing computes. */
  note(): void {
    this.#noted = openScopeCount();
  }

  /** Closes all that was opened since. To be called when nothing computes any more. */
  closeOthers(): void {
    closeScopes(this.#noted);
  }
}
