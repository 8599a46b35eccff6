import type { Random } from "../core/random.ts";

/** The random numbers of the batch that is being learned; none while a model is evaluated. A global variable, since the code is synchronous. */
let noise: Random | undefined;

/**
 * Runs code that learns from a batch, forward and backward. What is random in a model's layers, such as stochastic depth, draws from
 * these numbers, and is off elsewhere.
 */
export function withTrainingNoise<Result>(random: Random | undefined, code: () => Result): Result {
  const outer = noise;
  noise = random;
  try {
    return code();
  } finally {
    noise = outer;
  }
}

/**
 * The random numbers of the block at a path for the batch that is being learned: the same ones whenever it is computed again, as gradient
 * checkpointing does. Undefined while a model is evaluated.
 */
export function trainingNoise(path: string): Random | undefined {
  return noise?.fork(path);
}
