import type { AnyBlock, ChildOptions } from "./block.ts";
import type { Value } from "./call.ts";
import type { Cache } from "./chunks.ts";
import type { WeightSpec } from "./weight.ts";

/** Pretrained weights that a block starts from. */
export interface Start {
  /** Where the block is: its weights are at and below this path. */
  path: string;
  /** Name of the pretrained weights. */
  weights: string;
  /** Name of the block's definition. */
  type: string;
}

/**
 * Where blocks get their weights, and how a call of a block is carried out. The eager reading computes; the symbolic
 * reading records.
 */
export interface Reading {
  weight(spec: WeightSpec): unknown;
  /** Is called with the pretrained weights that a block starts from, before the block is made. */
  starts?(start: Start): void;
  call(site: CallSite, inputs: Record<string, Value | undefined>): Record<string, Value>;
}

/** One call of a child or a function in the code of a composite. */
export interface CallSite {
  definition: AnyBlock;
  config: Record<string, unknown>;
  /** Dotted path inside the outermost block; empty for the outermost itself. */
  path: string;
  options: ChildOptions;
  /** The block whose code calls this one. */
  parent?: CallSite | undefined;
  /** The block's own code. Returns outputs by name. */
  forward: (inputs: Record<string, Value | undefined>, cache?: Cache<unknown>) => Record<string, Value>;
}

/** The path of what has this name in the block at a path. */
export function join(path: string, name: string): string {
  return path && name ? `${path}.${name}` : path || name;
}
