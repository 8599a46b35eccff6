import { existsSync } from "node:fs";
import { copyFile, readdir, readFile, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { describeStarts, describeWeights } from "../core/describeWeights.ts";
import { FlamingoError } from "../core/errors.ts";
import type { Start } from "../core/reading.ts";
import type { WeightData } from "../core/weight.ts";
import { withNewTokens } from "../data/tokenizerFile.ts";
import { makeFolder } from "../files/makeFolder.ts";
import { missingPath } from "../files/missingPath.ts";
import { optionsOf } from "../graph/graph.ts";
import { withGraphBlocks } from "../graph/graphBlock.ts";
import { checkpointNames, openFlamingo } from "../models/families/openFlamingo.ts";
import { findImported } from "../models/imported.ts";
import type { ImportedModel } from "../models/modelFiles.ts";
import { compile, type Plan } from "../pipeline/compile.ts";
import { writePipeline } from "../pipeline/schema.ts";
import { readRun } from "../runs/folder.ts";
import { folderError } from "../runs/folderError.ts";
import type { RecordSink } from "../runs/record.ts";
import { type ByteProgress, saveWeights } from "../weights/file.ts";
import { listNames } from "../weights/mappedWeights.ts";
import { type Counterpart, theirShape, toTheirs } from "../weights/nameMap.ts";
import { savePytorch } from "../weights/pytorch/write.ts";
import { saveShards } from "../weights/shards.ts";
import type { StoredTensor } from "../weights/storedTensor.ts";
import type { ExportTarget } from "./exportTargets.ts";
import { lastCheckpoint } from "./prepare.ts";
import { catalog, findBlock as findLibraryBlock } from "./registry.ts";
import { findStart } from "./startingWeights.ts";

export interface ExportOptions {
  /** The run's folder. */
  folder: string;
  to: ExportTarget;
  /** A folder that is not there yet, or empty. */
  out: string;
  /** Folder of the weights that were imported. */
  models: string;
  log: RecordSink;
  progress?: ByteProgress;
  /** Bytes of numbers that a file of transformers has at most; 5 GB by default. */
  shardBytes?: number;
}

export interface ExportReport {
  /** The files that were written, the first of them the weights. */
  files: string[];
  /** Step of the checkpoint. */
  step: number;
  tensors: number;
}

/**
 * Writes the trained model of a run for another library, or as one file by our names: what was trained as the newest checkpoint has
 * it, and the rest as it was imported.
 *
 * - `openflamingo`: `checkpoint.pt` as open_flamingo 2 saves it, with what it trains and the embeddings, under the names of the whole
 *   model; its config.json beside it.
 * - `huggingface`: a folder of transformers with the language model or the image encoder that was imported; new tokens that were trained
 *   are further rows of its embeddings, and further tokens of its tokenizer.
 * - `safetensors`: every weight by our names, with the pipeline in the metadata.
 *
 * What fails leaves the folder as it was: empty, or not there.
 *
 * @throws FlamingoError NOT_FOUND if there is no checkpoint, or the run has no model that was imported from that library; CONFLICT if
 *   the folder is not empty
 */
export async function exportModel(options: ExportOptions): Promise<ExportReport> {
  const { out } = options;
  if ((await readdir(out).catch(() => [])).length > 0)
    throw new FlamingoError("CONFLICT", `${out} is not empty`, { source: out, fix: "name another folder with --out" });
  const made = missingPath(out)?.missing;
  try {
    return await writeModel(options);
  } catch (error) {
    await clear(out, made);
    throw folderError(error, out, "export the run once more");
  }
}

/** Takes away what was written. @param made the first part of the path that was not there before */
async function clear(out: string, made: string | undefined): Promise<void> {
  for (const name of await readdir(out).catch(() => [])) await rm(join(out, name), { recursive: true, force: true });
  if (made === undefined) return;
  for (let folder = resolve(out); folder.startsWith(made); folder = dirname(folder))
    await rmdir(folder).catch(() => {});
}

async function writeModel(options: ExportOptions): Promise<ExportReport> {
  const { folder, to, out, models, log, progress, shardBytes } = options;
  const record = await readRun(folder);
  const { checkpoint } = await lastCheckpoint(folder, log);
  const { step, weights: trained } = checkpoint;
  const plan = compile(record.pipeline, catalog, record.options.targets);
  if (to === "safetensors") {
    const tensors = allWeights(plan, trained, models);
    const definition = JSON.stringify(JSON.parse(writePipeline(record.pipeline)));
    const metadata = { pipeline: record.pipeline.name, definition, seed: String(record.seed), steps: String(step) };
    const file = join(out, "model.safetensors");
    await saveWeights(file, tensors, metadata, progress);
    return { files: [file], step, tensors: tensors.length };
  }
  const { start, model } = importedPart(plan, to, models);
  const numbersOf = (name: string) => trained.get(`${start.path}.${name}`) ?? model.tensors.get(name)!;
  const tables = to === "openflamingo" ? [] : ["embed_tokens", "logits"];
  const names = (to === "openflamingo" ? checkpointNames(model.config) : model.names).map((each) => {
    const table = tables.find((name) => each.ours[0] === `${name}.weight`);
    const rows = table && `${table}.new_tokens`;
    return rows && trained.has(`${start.path}.${rows}`) ? { ...each, ours: [...each.ours, rows] } : each;
  });
  const tensors = names.map((each): [string, StoredTensor] => [each.theirs, theirTensor(each, numbersOf)]);
  const config = join(out, "config.json");
  await makeFolder(out);
  if (to === "openflamingo") {
    const file = join(out, "checkpoint.pt");
    await savePytorch(file, tensors, progress);
    await writeFile(config, json(model.config));
    return { files: [file, config], step, tensors: tensors.length };
  }
  await saveShards(out, tensors, {
    metadata: { format: "pt" },
    ...(progress && { progress }),
    ...(shardBytes && { shardBytes }),
  });
  const added = trained.get(`${start.path}.embed_tokens.new_tokens`)?.shape[0] ?? 0;
  const { vocabulary = 0 } = model.block.config as { vocabulary?: number };
  const grown = added > 0 ? { vocab_size: vocabulary + added } : {};
  await writeFile(config, json({ ...withSinglePrecision(exportedConfig(model)), ...grown }));
  await copyTokenizer(model, out);
  if (added > 0) await extendTokenizer(join(out, "tokenizer.json"), vocabulary, added);
  const written = (await readdir(out)).sort();
  const weights = written.filter((name) => name.startsWith("model"));
  const files = [...weights, ...written.filter((name) => !weights.includes(name))];
  return { files: files.map((name) => join(out, name)), step, tensors: tensors.length };
}

/** The configuration of what is exported, which may be a part of what was imported. */
function exportedConfig({ family, config }: ImportedModel): Readonly<Record<string, unknown>> {
  return family.exported?.(config) ?? config;
}

/** The configuration of numbers in single precision: newer versions of transformers read `dtype` before `torch_dtype`. */
function withSinglePrecision(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { ...config, torch_dtype: "float32", ...("dtype" in config ? { dtype: "float32" } : {}) };
}

/** Fields of `rope_scaling` that transformers refuses as whole numbers: 2.0 is what it wants, where JSON of ours says 2. */
const wholeFloat = /"(factor|low_freq_factor|high_freq_factor|attention_factor|beta_fast|beta_slow)": (\d+)(?=[,\s])/g;

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2).replace(wholeFloat, '"$1": $2.0')}\n`;
}

/** A tensor of the other library, put together when it is written. */
function theirTensor(counterpart: Counterpart, numbersOf: (name: string) => WeightData): StoredTensor {
  const shapes = counterpart.ours.map((name) => numbersOf(name).shape);
  return {
    dtype: "F32",
    shape: theirShape(counterpart, shapes),
    get data() {
      return toTheirs(counterpart, numbersOf).data;
    },
  };
}

/** Every weight of the run's model by its full name: as it was trained, or as it was at the start. */
function allWeights(plan: Plan, trained: ReadonlyMap<string, WeightData>, models: string): [string, StoredTensor][] {
  const find = findStart(models);
  const starts = startsOf(plan).map((start) => ({ path: start.path, ...find(start) }));
  const missing: string[] = [];
  const all = new Map<string, StoredTensor>();
  for (const { id, block, config, options } of blocksOf(plan))
    for (const { name } of describeWeights(block, config, { ...options, path: id })) {
      const start = starts.findLast(
        ({ path, tensors }) => tensors.has(name.slice(path.length + 1)) && name.startsWith(`${path}.`),
      );
      const found = trained.get(name) ?? start?.tensors.get(name.slice(start.path.length + 1));
      if (!found) missing.push(name);
      else
        all.set(name, {
          dtype: "F32",
          shape: found.shape,
          get data() {
            return found.data;
          },
        });
    }
  if (missing.length === 0) return [...all];
  throw new FlamingoError(
    "INVALID_WEIGHTS",
    `neither trained nor pretrained, so not stored anywhere: ${listNames(missing)}`,
    {
      fix: "train them, or connect pretrained weights",
    },
  );
}

function blocksOf(plan: Plan) {
  const find = withGraphBlocks(plan.blocks, findLibraryBlock);
  return Object.values(plan.nodes).flatMap((node) => {
    const block = find(node.type);
    return block && !node.shares
      ? [{ id: node.id, block, config: node.config, options: { ...optionsOf(node), find } }]
      : [];
  });
}

function startsOf(plan: Plan): Start[] {
  return blocksOf(plan).flatMap(({ id, block, config, options }) =>
    describeStarts(block, config, { ...options, path: id }),
  );
}

/** The part of the run's model that was imported from the library that it is exported to. */
function importedPart(plan: Plan, to: ExportTarget, models: string): { start: Start; model: ImportedModel } {
  const library = to === "openflamingo" ? "OpenFlamingo" : "transformers";
  const parts = startsOf(plan).flatMap((start) => {
    const model = findImported(models, start.weights);
    const isOf =
      model && (to === "openflamingo" ? model.family === openFlamingo : /^transformers /.test(model.family.source));
    return model && isOf ? [{ start, model }] : [];
  });
  // A model that gives logits before an encoder beside it.
  const part = parts.find(({ model }) => findLibraryBlock(model.block.type)?.outputs.logits) ?? parts[0];
  if (part) return part;
  throw new FlamingoError(
    "NOT_FOUND",
    `the run has no model that was imported from ${library}, whose names it would have`,
    {
      fix: "import one with flamingo import and train it, or export --to safetensors",
    },
  );
}

const tokenizerFiles = [
  ...["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt"],
  ...["tokenizer.model", "generation_config.json"],
];

async function copyTokenizer({ source }: ImportedModel, out: string): Promise<void> {
  const folder = (await stat(source)).isDirectory() ? source : dirname(source);
  for (const name of await readdir(folder))
    if (tokenizerFiles.includes(name)) await copyFile(join(folder, name), join(out, name));
}

async function extendTokenizer(path: string, first: number, count: number): Promise<void> {
  if (!existsSync(path)) return;
  const file: unknown = JSON.parse(await readFile(path, "utf8"));
  await writeFile(path, `${JSON.stringify(withNewTokens(file, first, count))}\n`);
}
