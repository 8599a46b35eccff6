import * as tf from "@tensorflow/tfjs";

/** Runs something from its beginning to its end. */
type RunWhole = <Result>(run: () => Result) => Result;

let runWhole: RunWhole = (run) => run();

/** What of TensorFlow.js' engine computes, and keeps account of tensors. */
const names = ["runKernel", "makeTensor", "disposeTensor"] as const;

/**
 * Runs every operation on tensors by `whole` from now on. For programs whose code may be terminated at any point: an
 * operation that ends half-way leaves threads at work on its memory, and tensors of which nobody has account.
 */
export function keepOperationsWhole(whole: RunWhole): void {
  runWhole = whole;
  const engine = tf.engine() as unknown as Record<(typeof names)[number], (...values: unknown[]) => unknown>;
  for (const name of names) {
    const operate = engine[name].bind(engine);
    engine[name] = (...values) => whole(() => operate(...values));
  }
}

/** Runs what must not be terminated half-way in such a program. */
export function asOperation<Result>(run: () => Result): Result {
  return runWhole(run);
}
