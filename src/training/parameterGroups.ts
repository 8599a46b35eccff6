import type { ParameterGroup } from "../core/weight.ts";

/** How the weights of a parameter group are trained. */
export interface GroupSettings {
  /** Multiplies the learning rate. */
  rate: number;
  /** Decoupled weight decay, per step and unit of learning rate. */
  decay: number;
}

export type ParameterGroups = Readonly<Record<ParameterGroup, GroupSettings>>;

/**
 * The paper's parameter groups: weight decay on new layers, none on the resampler. Gates are scalars that must
 * travel far, so they have a higher rate and no decay.
 *
 * @param gateRate multiplies the learning rate of the gates
 * @param decay of new weights
 * @param otherDecay of the resampler, of pretrained weights and of token embeddings
 * @see Alayrac et al. 2022, Flamingo, appendix B.2, arXiv:2204.14198
 */
export function flamingoGroups(gateRate: number, decay: number, otherDecay = 0): ParameterGroups {
  const other = { rate: 1, decay: otherDecay };
  return {
    gate: { rate: gateRate, decay: 0 },
    new: { rate: 1, decay },
    resampler: other,
    pretrained: other,
    embedding: other,
  };
}
