import { existsSync, realpathSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { countParameters, describeWeights } from "../core/describeWeights.ts";
import { FlamingoError } from "../core/errors.ts";
import { findBlock } from "../core/registry.ts";
import { weightsName } from "../core/slot.ts";
import { makeFolder } from "../files/makeFolder.ts";
import { writeAtomic } from "../files/writeAtomic.ts";
import { type Imported, importedFile } from "../models/imported.ts";
import { type ModelFiles, openModel } from "../models/modelFiles.ts";
import { type Pipeline, parsePipeline, pipelineVersion, writePipeline } from "../pipeline/schema.ts";
import { folderError } from "../runs/folderError.ts";
import type { Home } from "../runs/home.ts";
import { templateNames } from "../runs/templates.ts";
import { pretrainedNames } from "../weights/pretrained.ts";

export interface ImportOptions extends ModelFiles {
  /** Name of the weights and the pipeline; by default that of the folder. */
  name?: string | undefined;
  /** Puts the model in the place of one that was imported under this name, with its pipeline. */
  overwrite?: boolean | undefined;
  /** What must succeed when all has been checked and nothing is written yet. */
  beforeWriting?: () => Promise<void>;
  home: Pick<Home, "models" | "pipelines">;
}

/** What an import made, and what it found. */
export interface ImportReport {
  name: string;
  family: string;
  parameters: number;
  dtypes: readonly string[];
  /** Bytes of the weights in their files, which stay where they are. */
  bytes: number;
  source: string;
  /** The pipeline's file. */
  pipeline: string;
  /** Commands that go on with it, a line each. */
  next: readonly string[];
  /** What is no error, and good to know. */
  notes: readonly string[];
}

/**
 * Makes a pipeline of a model in another library's files: a node for the model, which starts from the weights. They stay where they
 * are, and the home folder remembers where that is. All headers are checked first: what does not fit, or cannot be written, leaves nothing
 * behind.
 *
 * @throws FlamingoError NOT_FOUND, INVALID_CONFIG, INVALID_WEIGHTS, INVALID_DATA as `openModel`; CONFLICT if the name is taken
 */
export async function importModel(options: ImportOptions): Promise<ImportReport> {
  const { name: wanted, overwrite = false, beforeWriting, home, ...files } = options;
  const real = (path: string) => (existsSync(path) ? realpathSync(path) : resolve(path));
  const source = real(files.path);
  const places = {
    path: source,
    ...(files.config === undefined ? {} : { config: real(files.config) }),
    ...(files.vision === undefined ? {} : { vision: real(files.vision) }),
    ...(files.language === undefined ? {} : { language: real(files.language) }),
    ...(files.quantize === undefined ? {} : { quantize: files.quantize }),
  };
  const name = wanted ?? nameOf(source);
  if (!weightsName.safeParse(name).success)
    throw new FlamingoError("USAGE", `"${name}" is no name of weights: it may have small letters, digits and - only`, {
      fix: "give a name with --name",
    });
  const { family, block, tokens, dtypes, bytes, notes } = openModel(places);
  const pipeline = join(home.pipelines, `${name}.json`);
  const isImported = existsSync(importedFile(home.models, name));
  const taken = [
    pretrainedNames().includes(name) && "weights that come with the studio",
    (await templateNames()).includes(name) && "a template",
    isImported && !overwrite && "imported weights",
    existsSync(pipeline) && !isImported && "a pipeline",
  ].find((each) => each !== false);
  if (taken !== undefined)
    throw new FlamingoError("CONFLICT", `"${name}" is the name of ${taken} already`, {
      source: name,
      fix: `choose another name with --name${isImported ? ", or replace them and their pipeline with --overwrite" : ""}`,
    });
  const record: Imported = { format: "flamingo-weights", version: 1, ...places };
  // Sources of ours give pixels from -1 to 1; the library's preprocessing is its own.
  const forSources = family.forImages?.(block) ?? block;
  const definition = writePipeline(pipelineOf(name, family.name, forSources, files.quantize !== undefined));
  await beforeWriting?.();
  // The record last: without it nothing is imported, and the name is free for another try.
  const before = overwrite ? await readFile(pipeline, "utf8").catch(() => undefined) : undefined;
  await write(home.pipelines, pipeline, definition);
  try {
    await write(home.models, importedFile(home.models, name), `${JSON.stringify(record, null, 2)}\n`);
  } catch (error) {
    await (before === undefined ? rm(pipeline, { force: true }) : writeAtomic(pipeline, before)).catch(() => {});
    throw error;
  }
  const parameters = countParameters(describeWeights(findBlock(block.type)!, block.config ?? {})).weights;
  const next = [
    ...(tokens ? [`to continue a text with it: flamingo generate ${name} --prompt TEXT`] : []),
    ...(tokens && block.type === "FlamingoLanguageModel"
      ? [`to teach it to see: flamingo train own-images --images FOLDER --language ${name}`]
      : []),
    ...(findBlock(block.type)!.outputs.features
      ? [`to caption images with it: flamingo train own-images --images FOLDER --vision ${name}`]
      : []),
  ];
  const isSilent = findBlock(block.type)!.outputs.logits !== undefined && !tokens;
  const found = isSilent ? [...notes, noTokenizer] : notes;
  return { name, family: family.name, parameters, dtypes, bytes, source, pipeline, next, notes: found };
}

const noTokenizer =
  "no tokenizer.json lies beside the weights, so it reads no text: AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER) in transformers writes one";

/** `OPT 125M (fp16)` as a name of weights: `opt-125m-fp16`. */
function nameOf(path: string): string {
  return basename(path)
    .replace(/\.(pt|bin|safetensors|json)$/, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 64);
}

function pipelineOf(
  name: string,
  family: string,
  { type, config = {} }: { type: string; config?: object },
  quantized: boolean,
): Pipeline {
  // A language model says itself what of it is frozen, since its new tokens and gated layers learn; an image encoder does not.
  const frozen = quantized && !findBlock(type)!.outputs.logits ? { frozen: true } : {};
  return parsePipeline(
    {
      format: "flamingo-pipeline",
      version: pipelineVersion,
      name: `${family}: ${name}`.slice(0, 120),
      description: `${family}, imported with its weights.`,
      nodes: { model: { type, config, label: family, weights: name, ...frozen } },
      edges: [],
    },
    name,
  );
}

async function write(folder: string, file: string, text: string): Promise<void> {
  try {
    await makeFolder(folder);
    await writeAtomic(file, text);
  } catch (error) {
    throw folderError(error, folder, "import the model once more");
  }
}
