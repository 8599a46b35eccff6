import type { WeightSpec } from "../core/block.ts";

/** How a part of the model learns. */
export interface Part {
  /** Whether a weight belongs to it; the first part that has a weight keeps it. */
  has(weight: Pick<WeightSpec, "name" | "role">): boolean;
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
    { has: ({ role }) => role === "gate", rate: gateRate, decay: 0 },
    { has: ({ name }) => name.includes("gated_cross_attn"), rate: 1, decay },
    { has: () => true, rate: 1, decay: otherDecay },
  ];
}

/** The part that a weight belongs to; one that none has learns at the plain rate, without decay. */
export function partOf(
  weight: Pick<WeightSpec, "name" | "role">,
  parts: readonly Part[],
): Pick<Part, "rate" | "decay"> {
  return parts.find((part) => part.has(weight)) ?? { rate: 1, decay: 0 };
}
