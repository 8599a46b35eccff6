import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { describeWeights } from "../core/describeWeights.ts";
import { FlamingoError } from "../core/errors.ts";
import { isObject, shortJson } from "../core/json.ts";
import { parseOutsideJson } from "../core/jsonText.ts";
import type { Bits } from "../core/quantization.ts";
import { findBlock } from "../core/registry.ts";
import type { SlotInput } from "../core/slot.ts";
import { suggestion } from "../core/suggestion.ts";
import type { WeightSpec } from "../core/weight.ts";
import { missingPath } from "../files/missingPath.ts";
import { listNames, mapWeights, requireFit } from "../weights/mappedWeights.ts";
import type { NameMap } from "../weights/nameMap.ts";
import { openWeights } from "../weights/openWeights.ts";
import { bytesOf } from "../weights/safetensors.ts";
import type { Family } from "./families/family.ts";
import { modelOf } from "./families/index.ts";
import {
  frozenNames,
  ignoredOfOpenClip,
  missingOutputRows,
  openFlamingo,
  openFlamingoForm,
} from "./families/openFlamingo.ts";
import type { PretrainedWeights } from "./loadPretrained.ts";
import { type ModelTokens, modelTokens } from "./modelTokens.ts";

/** Where a model of another library is. */
export interface ModelFiles {
  /** The folder with config.json and the weights, or the weights' file in it. */
  path: string;
  /** Its config.json, where that is not beside the weights. */
  config?: string | undefined;
  /** Of an OpenFlamingo checkpoint: the weights of the frozen image encoder, as open_clip saves them. */
  vision?: string | undefined;
  /** Of an OpenFlamingo checkpoint: the weights of the frozen language model, as transformers saves them. */
  language?: string | undefined;
  /** Bits in which matrices are held where they are frozen; single precision without. */
  quantize?: Bits | undefined;
}

/** A model in the files of another library: what it is in blocks of ours, and its weights by our names. */
export interface ImportedModel extends PretrainedWeights {
  family: Family;
  /** As the library has it. */
  config: Readonly<Record<string, unknown>>;
  block: SlotInput;
  /** The library's names of all weights, and ours. */
  names: NameMap;
  /** Number types of its tensors, as the files have them. */
  dtypes: string[];
  /** Bytes of its tensors in the files. */
  bytes: number;
  /** Of a language model with a tokenizer.json. */
  tokens?: ModelTokens | undefined;
  /** What is no error, and good to know: which frozen parts the checkpoint leaves out. */
  notes: string[];
}

/** No config.json and no tokenizer.json is longer. */
const longestJson = 100_000_000;

/**
 * Opens a model of another library: a folder of transformers (config.json, weights in one file or several, tokenizer.json where
 * there is one), or an OpenFlamingo checkpoint with its config.json beside it, whole or with its frozen parts apart. The weights stay
 * where they are; only their headers are read.
 *
 * @throws FlamingoError NOT_FOUND for a path that is not there; INVALID_CONFIG for a family or an option that is not supported;
 *   INVALID_WEIGHTS, listing what is missing, unexpected or wrongly shaped by name; INVALID_DATA for a tokenizer of another family
 */
export function openModel({ path, config: configPath, vision, language, quantize }: ModelFiles): ImportedModel {
  for (const given of [path, configPath, vision, language]) if (given !== undefined) requirePath(given);
  const folder = statSync(path).isDirectory() ? path : dirname(path);
  const config = readConfig(configPath ?? join(folder, "config.json"), path);
  const { family, block, weights: names } = modelOf(config);
  const ours = weightsOf(block, family);
  const files = [openWeights(path)];
  const textFolders = [folder];
  const { leftOut = [] } = family;
  const isLeftOut = (name: string) => leftOut.some(({ names }) => names.test(name));
  const taken = new Map([...files[0]!.tensors].filter(([name]) => !isLeftOut(name)));
  const { weights, fit } = mapWeights(taken, names, ours, family);
  const notes = leftOut.flatMap(({ part, names }) =>
    noteOn(
      part,
      [...files[0]!.tensors.keys()].filter((name) => names.test(name)),
    ),
  );
  if (family === openFlamingo) {
    const left = new Set(fit.missing);
    const open = (given: string | undefined, usual: string) => {
      const file = given ?? (left.size > 0 && existsSync(join(folder, usual)) ? join(folder, usual) : undefined);
      if (file === undefined) return undefined;
      files.push(openWeights(file));
      if (given !== undefined) textFolders.push(file, dirname(file));
      return { file, tensors: files.at(-1)!.tensors };
    };
    const parts = frozenNames(config);
    for (const [part, names, ignored] of [
      [open(vision, "frozen-vision.safetensors"), parts.vision, ignoredOfOpenClip],
      [open(language, "frozen-lang.safetensors"), parts.language, undefined],
    ] as const) {
      if (!part) continue;
      const found = mapWeights(part.tensors, names, ours, { ignored });
      requireFit(found.fit, part.file);
      let taken = 0;
      for (const [name, weight] of found.weights) {
        if (weights.has(name)) continue; // the checkpoint's holds
        weights.set(name, weight);
        taken++;
      }
      notes.push(`the checkpoint leaves out ${taken} weights of a frozen part, which are read from ${part.file}`);
    }
    const rows = missingOutputRows(weights, ours);
    if (rows) {
      weights.set(...rows);
      notes.push("no file has the output layer's rows of the special tokens, which are the mean of its others");
    }
    requireFit(
      { ...fit, missing: missingOf(names, weights) },
      path,
      "give the frozen parts with --vision and --language",
    );
  } else requireFit(fit, path);
  requireTokenizer(join(folder, "tokenizer.json"), config, family);
  const stored = [taken, ...files.slice(1).map(({ tensors }) => tensors)].flatMap((tensors) => [...tensors.values()]);
  return {
    ...{ family, config, block, names, notes },
    tokens: modelTokens(textFolders, config, block),
    source: path,
    tensors: weights,
    bits: quantize,
    dtypes: [...new Set(stored.map(({ dtype }) => dtype))],
    bytes: stored.reduce((sum, tensor) => sum + bytesOf(tensor), 0),
  };
}

/** The weights of a model. @throws FlamingoError INVALID_CONFIG for what a family's fields allow and a block does not */
function weightsOf({ type, config = {} }: SlotInput, { name }: Family): WeightSpec[] {
  try {
    return describeWeights(findBlock(type)!, config);
  } catch (error) {
    if (!(error instanceof FlamingoError)) throw error;
    const { code, message, details } = error;
    throw new FlamingoError(code, `config.json of ${name} describes no model: ${message}`, details, { cause: error });
  }
}

/** Names of the other library of what no file has. */
function missingOf(names: NameMap, weights: ReadonlyMap<string, unknown>): string[] {
  return names.filter(({ ours }) => ours.some((name) => !weights.has(name))).map(({ theirs }) => theirs);
}

/** Tells that a part of the file is not read, where the file has it. */
function noteOn(part: string, names: readonly string[]): string[] {
  const tensors = `${names.length} tensor${names.length === 1 ? "" : "s"}`;
  return names.length > 0 ? [`${part} is left out: ${tensors}, ${listNames(names, 3)}`] : [];
}

/** @throws FlamingoError NOT_FOUND, with what was probably meant */
function requirePath(path: string): void {
  const found = missingPath(path);
  if (!found) return;
  const { missing, folder, beside } = found;
  const message = `there is nothing at ${path}${resolve(path) === missing ? "" : `: ${folder} has no ${basename(missing)}`}`;
  throw new FlamingoError("NOT_FOUND", message, {
    source: path,
    fix: suggestion(missing, beside, "name a folder with config.json and the weights, or a file of weights"),
  });
}

/** @param weights the model's files, which tell what kind of configuration is missing */
function readConfig(path: string, weights: string): Record<string, unknown> {
  if (existsSync(path)) return readJson(path, "INVALID_CONFIG");
  throw new FlamingoError(
    "INVALID_CONFIG",
    `${path}: there is no such file, and without it nobody knows what the model is`,
    {
      source: path,
      fix: isOpenFlamingo(weights)
        ? `these are weights of OpenFlamingo, which saves no configuration: write it to config.json beside them (the README has an example), or name it with --config: ${openFlamingoForm}`
        : "put the model's config.json beside its weights, or name it with --config",
    },
  );
}

/** Whether files hold a checkpoint of OpenFlamingo; not where they cannot be read. */
function isOpenFlamingo(path: string): boolean {
  try {
    return [...openWeights(path).tensors.keys()].some((name) => /^(module\.)?perceiver\.latents$/.test(name));
  } catch {
    return false;
  }
}

function readJson(path: string, code: "INVALID_CONFIG" | "INVALID_DATA"): Record<string, unknown> {
  const refuse = (finding: string) =>
    new FlamingoError(code, `${path}: ${finding}`, { source: path, fix: "get the file again from where it came" });
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) throw refuse("there is no such file");
  if (size > longestJson) throw refuse(`${size} bytes are too many`);
  const value = parseOutsideJson(readText(path, refuse), (finding) => refuse(`the file ${finding}`));
  if (!isObject(value)) throw refuse("the file is no JSON object");
  return value;
}

function readText(path: string, refuse: (finding: string) => Error): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw refuse(`the file cannot be read: ${(error as Error).message}`);
  }
}

/** A tokenizer of another family has ids that the model has no embedding for, or other tokens where the model has its own. */
function requireTokenizer(
  path: string,
  config: Record<string, unknown>,
  { unsetTokens = {} }: Pick<Family, "unsetTokens">,
): void {
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
  const all = [...ids, ...tokens.map((token) => Number(token?.id ?? 0))];
  const largest = all.reduce((most, id) => Math.max(most, Number(id)), 0);
  const size = config.vocab_size;
  if (typeof size === "number" && largest >= size)
    throw refuse(`it has tokens up to id ${largest}, and config.json has a vocab_size of ${size}`);
  for (const field of ["bos_token_id", "eos_token_id"] as const) {
    const given = [config[field]].flat(); // a text may end in several ways
    for (const id of given) {
      if (typeof id !== "number" || tokens.length === 0 || id === unsetTokens[field]) continue;
      if (!tokens.some((token) => token?.id === id))
        throw refuse(
          `the ${field} of config.json is ${shortJson(config[field])}, and ${id} is none of its special tokens`,
        );
    }
  }
}
