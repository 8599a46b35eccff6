import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { instantiate, type Value, type WeightSpec } from "../../src/core/block.ts";
import { describeWeights } from "../../src/core/trace.ts";
import type { StoredTensor } from "../../src/weights/safetensors.ts";
import { loadWeights } from "../../src/weights/file.ts";
import { type Correspondence, reference } from "./reference.ts";

export type Stored = ReadonlyMap<string, StoredTensor>;

/** A case of the reference, read and complete: nothing in it lacks a counterpart in our block, nor the reverse. */
export interface GoldenCase {
  type: string;
  correspondence: Correspondence;
  config: Record<string, unknown>;
  weights: Stored;
  /** The block's inputs under the reference's names. */
  inputs: Stored;
  cotangent: StoredTensor;
  output: StoredTensor;
  /** By the reference's name of the input or weight. */
  gradients: Stored;
}
