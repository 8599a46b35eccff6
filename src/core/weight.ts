/** How a weight is initialised: a rule, not numbers, so that it costs nothing until it is needed. */
export type Initial =
  | { kind: "zeros" }
  | { kind: "ones" }
  | { kind: "normal"; std: number }
  /** Uniform over -bound .. bound. */
  | { kind: "uniform"; bound: number };

/** What a weight is in its block. */
export type WeightRole = "gate" | "embedding";

/**
 * Weights that share a learning rate factor and a weight decay: tanh gates, token embeddings, the resampler, pretrained weights, and
 * all others, which are new.
 */
export type ParameterGroup = "gate" | "embedding" | "resampler" | "pretrained" | "new";

export interface WeightOptions {
  role?: WeightRole;
  /** True for a weight that is new inside a pretrained block, such as the embeddings of added tokens. */
  new?: boolean;
}

/** A weight by its description: what it would be, before or without its numbers. */
export interface WeightSpec {
  /** Dotted path, as in a checkpoint: `layers.0.attn.to_q.weight`. */
  name: string;
  shape: readonly number[];
  initial: Initial;
  frozen: boolean;
  group: ParameterGroup;
}
