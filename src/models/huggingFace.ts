import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { findBlock } from "../core/block.ts";
import { describeWeights } from "../core/describeWeights.ts";
import { FlamingoError } from "../core/errors.ts";
import type { SlotInput } from "../core/slot.ts";
import { mapWeights, requireFit } from "../weights/mappedWeights.ts";
import { openWeights } from "../weights/openWeights.ts";
import { bytesOf } from "../weights/safetensors.ts";
import { modelOf } from "./families/index.ts";
import type { PretrainedWeights } from "./loadPretrained.ts";

/** A model in the files of another library: what it is in blocks of ours, and its weights by our names. */
export interface ImportedModel extends PretrainedWeights {
  /** As people call its family: `OPT`. */
  family: string;
  block: SlotInput;
  /** Number types of its tensors, as the files have them. */
  dtypes: string[];
  /** Bytes of its tensors in the files. */
  bytes: number;
}

/** No config.json and no tokenizer.json is longer. */
const longestJson = 100_000_000;

/**
 * Opens a folder of transformers: config.json, weights in one file or several, and tokenizer.json where there is one. The weights
 * stay where they are; only their headers are read.
 *
 * @throws FlamingoError INVALID_CONFIG for a family or an option that is not supported; INVALID_WEIGHTS, listing what is missing,
 *   unexpected or wrongly shaped by name; INVALID_DATA for a tokenizer of another family
 */
export function openHuggingFace(folder: string): ImportedModel {
  const config = readJson(join(folder, "config.json"), "INVALID_CONFIG");
  const { family, block, weights: names } = modelOf(config);
  const ours = describeWeights(findBlock(block.type)!, block.config ?? {});
  const { tensors } = openWeights(folder);
  const { weights, fit } = mapWeights(tensors, names, ours, family);
  requireFit(fit, folder);
  requireTokenizer(join(folder, "tokenizer.json"), config);
  const stored = [...tensors.values()];
  return {
    family: family.name,
    block,
    source: folder,
    tensors: weights,
    dtypes: [...new Set(stored.map(({ dtype }) => dtype))],
    bytes: stored.reduce((sum, tensor) => sum + bytesOf(tensor), 0),
  };
}

function readJson(path: string, code: "INVALID_CONFIG" | "INVALID_DATA"): Record<string, unknown> {
  const refuse = (finding: string) =>
    new FlamingoError(code, `${path}: ${finding}`, { source: path, fix: "get the file again from where it came" });
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) throw refuse("there is no such file");
  if (size > longestJson) throw refuse(`${size} bytes are too many`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw refuse(`the file is no JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refuse("the file is no JSON object");
  return value as Record<string, unknown>;
}

/** A tokenizer of another family has ids that the model has no embedding for, or other tokens where the model has its own. */
function requireTokenizer(path: string, config: Record<string, unknown>): void {
  if (!existsSync(path)) return;
  const { added_tokens: added, model } = readJson(path, "INVALID_DATA");
  const vocabulary = (model as { vocab?: unknown } | undefined)?.vocab;
  const ids = [
    ...(Array.isArray(vocabulary) ? vocabulary.keys() : Object.values((vocabulary ?? {}) as Record<string, number>)),
  ];
  const tokens = Array.isArray(added) ? (added as { id?: unknown; content?: unknown; special?: unknown }[]) : [];
  const refuse = (finding: string) =>
    new FlamingoError("INVALID_DATA", `${path} is the tokenizer of another model: ${finding}`, {
      source: path,
      fix: "put the tokenizer.json there that belongs to the model",
    });
  const largest = ids.reduce((most, id) => Math.max(most, Number(id)), 0);
  const size = config.vocab_size;
  if (typeof size === "number" && largest >= size)
    throw refuse(`it has tokens up to id ${largest}, and config.json has a vocab_size of ${size}`);
  for (const field of ["bos_token_id", "eos_token_id"] as const) {
    const id = config[field];
    if (typeof id !== "number" || tokens.length === 0) continue;
    if (!tokens.some((token) => token?.id === id))
      throw refuse(`the ${field} of config.json is ${id}, which is none of its special tokens`);
  }
}
