import { squaredSum } from "../engine/ops/globalNorm.ts";
import type { Weight } from "../engine/readings/weights.ts";
import { clone, dispose, keep, scalar, sub, type Tensor, tidy } from "../engine/tensor.ts";

/** Squared L2 norms of each weight's gradient before clipping, of the weight before the step, and of what the step changed. */
export interface UpdateNorms {
  gradient: number[];
  weight: number[];
  update: number[];
}

/**
 * Measures what one step of the optimizer does to each weight. Made before the step; it holds a copy of the weights until
 * `finish`, so it is for some steps only.
 */
export class UpdateWatch {
  readonly #weights: readonly Weight[];
  readonly #before: Tensor[];
  readonly #measured: Tensor[];

  /** @param gradients one a weight; null for a weight that took no part */
  constructor(weights: readonly Weight[], gradients: readonly (Tensor | null)[]) {
    this.#weights = weights;
    // What is written in place is copied first where it has another name (`adamW`).
    this.#before = weights.map(({ variable }) => keep(clone(variable)));
    this.#measured = tidy(() => [
      ...gradients.map((gradient) => keep(gradient ? squaredSum(gradient) : scalar(0))),
      ...weights.map(({ variable }) => keep(squaredSum(variable))),
    ]);
  }

  /** After the step. @returns scalars, three a weight, which the caller reads and disposes: see `readUpdateNorms` */
  finish(): Tensor[] {
    const updates = tidy(() =>
      this.#weights.map(({ variable }, at) => keep(squaredSum(sub(variable, this.#before[at]!)))),
    );
    dispose(this.#before);
    return [...this.#measured, ...updates];
  }
}

/** @param numbers what the scalars of `finish` came to  @param scale the loss scale that the gradients carried */
export function readUpdateNorms(numbers: readonly number[], scale: number): UpdateNorms {
  const count = numbers.length / 3;
  return {
    gradient: numbers.slice(0, count).map((value) => value / scale ** 2),
    weight: numbers.slice(count, 2 * count),
    update: numbers.slice(2 * count),
  };
}
