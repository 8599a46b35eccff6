import { z } from "zod";

/** All that a loss scale remembers, for a checkpoint. */
export const lossScaleState = z.strictObject({
  scale: z.number().positive(),
  good: z.int().nonnegative(),
  skipped: z.int().nonnegative(),
});

export type LossScaleState = z.output<typeof lossScaleState>;

/** Good steps in a row after which the scale is doubled. */
const patience = 2000;

/**
 * Dynamic loss scaling: the loss is multiplied before its gradients are computed, so that small ones do not vanish in
 * half precision, and the gradients are divided again before they are used.
 *
 * scale ← scale/2 where the gradients overflow, and the step is skipped; scale ← 2·scale after 2,000 good steps in a
 * row. Powers of two: as long as nothing overflows or vanishes, the scale changes no bit of the result.
 *
 * @see Micikevicius et al. 2018, Mixed precision training, section 3.2, arXiv:1710.03740; PyTorch's GradScaler
 */
export class LossScale {
  #state: LossScaleState;

  constructor(state: LossScaleState = { scale: 2 ** 15, good: 0, skipped: 0 }) {
    this.#state = { ...state };
  }

  get scale(): number {
    return this.#state.scale;
  }

  /** Steps that were skipped so far. */
  get skipped(): number {
    return this.#state.skipped;
  }

  get state(): LossScaleState {
    return { ...this.#state };
  }

  /**
   * Takes note of a step.
   * @param finite whether its gradients were
   * @returns false where a smaller scale cannot help: without any scale they overflow as well
   */
  take(finite: boolean): boolean {
    const { scale, good, skipped } = this.#state;
    if (finite) {
      const doubled = good + 1 === patience;
      this.#state = { scale: doubled ? 2 * scale : scale, good: doubled ? 0 : good + 1, skipped };
      return true;
    }
    if (scale <= 1) return false;
    this.#state = { scale: scale / 2, good: 0, skipped: skipped + 1 };
    return true;
  }
}
