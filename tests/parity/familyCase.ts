import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { findBlock } from "../../src/core/block.ts";
import { describeWeights } from "../../src/core/describeWeights.ts";
import type { FamilyModel } from "../../src/models/families/family.ts";
import { modelOf } from "../../src/models/families/index.ts";
import { loadWeights } from "../../src/weights/file.ts";
import { type Numbers, toOurs } from "../../src/weights/nameMap.ts";
import type { StoredTensor } from "../../src/weights/storedTensor.ts";

/** A case of a whole model of another library, read. */
export interface FamilyCase {
  /** The library's class. */
  type: string;
  model: FamilyModel;
  /** By our names. */
  weights: Map<string, Numbers>;
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

/** @throws Error, or FlamingoError INVALID_CONFIG, that names what is missing, left over or not supported */
export async function readFamilyCase(folder: string): Promise<FamilyCase> {
  const { block: type, config, generation } = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
  const model = modelOf(config);
  const [stored, inputs, expected] = await Promise.all(
    ["weights", "inputs", "expected"].map(
      async (name) => (await loadWeights(join(folder, `${name}.safetensors`))).tensors,
    ),
  );
  return { type, model, weights: ourWeights(model, stored!), inputs: inputs!, expected: expected!, generation };
}

function ourWeights(
  { block, weights: names }: FamilyModel,
  stored: ReadonlyMap<string, StoredTensor>,
): Map<string, Numbers> {
  const specs = describeWeights(findBlock(block.type)!, block.config ?? {});
  const shapes = new Map(specs.map(({ name, shape }) => [name, shape]));
  const known = new Set(names.map(({ theirs }) => theirs));
  const [missing, unused] = [
    [...known].filter((name) => !stored.has(name)),
    [...stored.keys()].filter((name) => !known.has(name)),
  ];
  const weights = new Map(
    names.flatMap((each) => [...toOurs(each, numbersOf(stored.get(each.theirs)!), (name) => shapes.get(name)!)]),
  );
  const without = [...shapes.keys()].filter((name) => !weights.has(name));
  const findings = [
    ...(missing.length > 0 ? [`weights.safetensors lacks ${missing.join(", ")}`] : []),
    ...(unused.length > 0 ? [`weights.safetensors has ${unused.join(", ")}, which nothing here takes`] : []),
    ...(without.length > 0 ? [`the name map leaves out ${without.join(", ")}`] : []),
  ];
  if (findings.length > 0) throw new Error(findings.join("; "));
  return weights;
}

export function numbersOf({ shape, data }: StoredTensor): Numbers {
  return { shape, data: data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number>, Number) };
}
