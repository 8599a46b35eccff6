import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describeWeights } from "../../src/core/describeWeights.ts";
import { findBlock } from "../../src/core/registry.ts";
import type { WeightData } from "../../src/core/weight.ts";
import type { FamilyModel } from "../../src/models/families/family.ts";
import { modelOf } from "../../src/models/families/index.ts";
import { frozenNames, ignoredOfOpenClip } from "../../src/models/families/openFlamingo.ts";
import { loadWeights } from "../../src/weights/file.ts";
import { mapWeights, requireFit, type WeightShape } from "../../src/weights/mappedWeights.ts";
import type { StoredTensor } from "../../src/weights/storedTensor.ts";

type Stored = ReadonlyMap<string, StoredTensor>;

/** A case of a whole model of another library, read. */
export interface FamilyCase {
  /** The library's class. */
  type: string;
  model: FamilyModel;
  /** By our names. */
  weights: Map<string, WeightData>;
  inputs: ReadonlyMap<string, StoredTensor>;
  expected: ReadonlyMap<string, StoredTensor>;
  generation?: Generation;
}

/** Settings of continuations. */
export interface Generation {
  max_new_tokens: number;
  num_beams: number;
  length_penalty: number;
  eos_token_id: number;
  pad_token_id: number;
}

/** @throws Error, or FlamingoError INVALID_CONFIG or INVALID_WEIGHTS, that names what is missing, left over or not supported */
export async function readFamilyCase(folder: string): Promise<FamilyCase> {
  const { block: type, config, generation } = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
  const read = async (name: string) => (await loadWeights(join(folder, `${name}.safetensors`))).tensors;
  const [stored, inputs, expected] = await Promise.all([read("weights"), read("inputs"), read("expected")]);
  const model = sizedFor(modelOf({ architectures: [type], ...config }), inputs);
  const specs = describeWeights(findBlock(model.block.type)!, model.block.config ?? {});
  const { prefix, ignored } = model.family;
  const { weights, fit } = mapWeights(stored, model.weights, specs, { prefix, ignored });
  const parts = existsSync(join(folder, "frozen-lang.safetensors"))
    ? frozenParts(config, specs, await read("frozen-vision"), await read("frozen-lang"))
    : new Map<string, WeightData>();
  const all = new Map<string, WeightData>([...parts, ...weights]);
  const without = specs.filter(({ name }) => !all.has(name)).map(({ name }) => name);
  if (without.length > 0) throw new Error(`the case has no numbers for ${without.join(", ")}`);
  requireFit(parts.size > 0 ? { ...fit, missing: [] } : fit, "weights.safetensors");
  return { type, model, weights: all, inputs, expected, generation };
}

/** What OpenFlamingo's checkpoints leave out, from the files of the libraries that it is from. */
function frozenParts(
  config: unknown,
  specs: readonly WeightShape[],
  vision: Stored,
  language: Stored,
): Map<string, WeightData> {
  const names = frozenNames(config);
  const one = mapWeights(vision, names.vision, specs, { ignored: ignoredOfOpenClip });
  const two = mapWeights(language, names.language, specs);
  requireFit(one.fit, "frozen-vision.safetensors");
  requireFit(two.fit, "frozen-lang.safetensors");
  return new Map([...one.weights, ...two.weights]);
}

/** The model for images of the side that the case has. */
function sizedFor(model: FamilyModel, inputs: Stored): FamilyModel {
  const side = (inputs.get("pixel_values") ?? inputs.get("vision_x"))?.shape.at(-1);
  const { family, block } = model;
  return side === undefined || !family.forImageSize ? model : { ...model, block: family.forImageSize(block, side) };
}

export function numbersOf({ shape, data }: StoredTensor): WeightData {
  return { shape, data: data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number>, Number) };
}
