/** How the learning rate goes over a training. */
export interface Schedule {
  /** Highest learning rate. */
  rate: number;
  /** Steps over which it rises from 0. */
  warmup: number;
  /** What comes then: it stays, or falls to 0 along half a cosine until the last step. */
  after: "constant" | "cosine";
  steps: number;
}

/**
 * The learning rate of a step; the first step is 1.
 *
 * rate · step / warmup while it rises; then rate, or rate · ½(1 + cos(π · share of the rest that is done)).
 *
 * @see Alayrac et al. 2022, Flamingo, appendix B.2 (linear warm-up, then constant), arXiv:2204.14198
 */
export function rateAt(step: number, { rate, warmup, after, steps }: Schedule): number {
  if (step <= warmup) return (rate * step) / warmup;
  if (after === "constant") return rate;
  const done = (step - warmup) / Math.max(1, steps - warmup);
  return rate * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, done)));
}
