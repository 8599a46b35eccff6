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

/** Numbers for a weight, as a file or a checkpoint holds them. */
export interface WeightData {
  readonly shape: readonly number[];
  readonly data: Float32Array;
  /** Writes the numbers from an index on to a place, a part at a time, where that needs less memory than `data`. */
  fill?(target: Float32Array, first?: number): void;
}

/** A weight by its description: what it would be, before or without its numbers. */
export interface WeightSpec {
  /** Dotted path, as in a checkpoint: `layers.0.attn.to_q.weight`. */
  name: string;
  shape: readonly number[];
  initial: Initial;
  frozen: boolean;
  group: ParameterGroup;
  /** Whether it is a matrix that is used in products and by rows only: where it is frozen, it may be held in fewer bits. */
  matrix?: boolean;
}
