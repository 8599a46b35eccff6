/** How a part of the model learns, by the names of its weights. */
export interface Part {
  /** A weight belongs to the first part whose word stands in its name; the empty word fits all. */
  match: string;
  /** Multiplies the learning rate. */
  rate: number;
  /** Decoupled weight decay, per step and unit of learning rate. */
  decay: number;
}

/**
 * The paper's parts: weight decay 0.1 on gated layers, none on the resampler and the rest; gates are scalars that must
 * travel far, so they learn faster and do not decay.
 *
 * @see Alayrac et al. 2022, Flamingo, appendix B.2, arXiv:2204.14198
 */
export function flamingoParts(gateRate: number, decay: number, otherDecay = 0): Part[] {
  return [
    { match: "_gate", rate: gateRate, decay: 0 },
    { match: "gated_cross_attn", rate: 1, decay },
    { match: "", rate: 1, decay: otherDecay },
  ];
}

/** The part that a weight belongs to. */
export function partOf(name: string, parts: readonly Part[]): Part {
  return parts.find(({ match }) => name.includes(match)) ?? { match: "", rate: 1, decay: 0 };
}
