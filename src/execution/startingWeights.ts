import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describeStarts, describeWeights } from "../core/describeWeights.ts";
import { FlamingoError } from "../core/errors.ts";
import { findPretrained } from "../models/imported.ts";
import { type FindPretrained, openStarts } from "../models/loadPretrained.ts";
import { listRuns, readRun, recordFile, trainedFolder } from "../runs/folder.ts";
import { fileBytes } from "../weights/byteSource.ts";
import { openTensors } from "../weights/openWeights.ts";
import { pretrainedNames } from "../weights/pretrained.ts";
import { floatTensors } from "../weights/storedTensor.ts";
import { findBlock } from "./registry.ts";

/** Weights that a node may start from: those that come with the studio, imported ones, and those that runs have trained. */
export interface StartingWeights {
  /** As a pipeline names it: a run by its id. */
  name: string;
  /** As a person reads it. */
  title: string;
  /** Of a run: the nodes that it has trained. */
  nodes?: string[];
}

/** All weights that a node may start from, the newest runs first. */
export async function listStartingWeights({ models, runs }: Folders): Promise<StartingWeights[]> {
  const shipped = pretrainedNames().map((name) => ({ name, title: `${name} (comes with the studio)` }));
  const imported = namesIn(models, ".json").map((name) => ({ name, title: `${name} (imported)` }));
  const trained: (StartingWeights & { created: number })[] = [];
  for (const id of await listRuns(runs)) {
    const nodes = namesIn(join(runs, id, trainedFolder), ending);
    const record = nodes.length > 0 ? await readRun(join(runs, id)).catch(() => undefined) : undefined;
    if (!record) continue;
    const title = `run of ${record.name}, ${new Date(record.created).toLocaleString("en-GB")}`;
    trained.push({ name: id, title, nodes, created: record.created });
  }
  trained.sort((a, b) => b.created - a.created);
  return [...shipped, ...imported, ...trained.map(({ created: _, ...rest }) => rest)];
}

/** Folders of the home folder that hold weights. */
export interface Folders {
  models: string;
  runs: string;
}

const ending = ".safetensors";

/**
 * Finds the weights that a block starts from: pretrained ones by their name, or what a run has trained, by the run's id: of the node that
 * has the block's id, else of the one node of the block's type. A pipeline file can name no path.
 * @param models folder of the imported ones; runs lie beside it
 * @throws FlamingoError NOT_FOUND, listing what there is
 */
export function findStart(models: string | undefined): FindPretrained {
  const pretrained = findPretrained(models);
  return (start) => {
    const { weights: name, path = "" } = start;
    const folder = models === undefined ? undefined : join(dirname(models), "runs", name, trainedFolder);
    if (folder === undefined || !/^[a-z0-9-]+$/.test(name) || !existsSync(dirname(folder))) return pretrained(start);
    const nodes = namesIn(folder, ending);
    const own = nodes.find((id) => path === id || path.startsWith(`${id}.`));
    const node = own ?? nodeOfType(nodes, start.type, dirname(folder));
    if (node === undefined) {
      const fix = nodes.length > 0 ? `it has trained: ${nodes.join(", ")}` : "let a run train to its end first";
      throw new FlamingoError("NOT_FOUND", `the run "${name}" has trained no "${path}"`, { actual: name, fix });
    }
    const source = join(folder, `${node}${ending}`);
    const tensors = floatTensors(openTensors(fileBytes(source)));
    const inner = own === undefined ? "" : path.slice(node.length + 1);
    if (inner === "") return { source, tensors };
    const within = [...tensors].flatMap(([key, tensor]) =>
      key.startsWith(`${inner}.`) ? [[key.slice(inner.length + 1), tensor] as const] : [],
    );
    return { source, tensors: new Map(within) };
  };
}

/** The one of a run's trained nodes that has a type; undefined where none has, or several. */
function nodeOfType(trained: readonly string[], type: string | undefined, run: string): string | undefined {
  const { pipeline } = JSON.parse(readFileSync(join(run, recordFile), "utf8")) as {
    pipeline: { nodes: Record<string, { type: string } | undefined> };
  };
  const found = trained.filter((id) => pipeline.nodes[id]?.type === type);
  return found.length === 1 ? found[0] : undefined;
}

/**
 * Looks whether the weights that a node starts from fit it, by names and shapes alone.
 * @returns how many of the node's weights they fill, of how many
 * @throws FlamingoError NOT_FOUND, or INVALID_WEIGHTS, naming what does not fit
 */
export function checkStart(
  { id, type, config, weights: name }: { id: string; type: string; config: Record<string, unknown>; weights: string },
  models: string,
): { filled: number; of: number } {
  const block = findBlock(type);
  if (!block) return { filled: 0, of: 0 };
  const options = { path: id, find: findBlock, weights: name };
  const weights = describeWeights(block, config, options);
  const opened = openStarts(describeStarts(block, config, options), weights, findStart(models));
  const filled = weights.filter((each) =>
    opened.some(({ start, tensors }) => tensors.has(each.name.slice(start.path.length + 1))),
  );
  if (weights.length > 0 && filled.length === 0) {
    const fix = "start from weights of the same block";
    throw new FlamingoError("INVALID_WEIGHTS", `"${name}" has none of the weights of "${id}"`, { block: id, fix });
  }
  return { filled: filled.length, of: weights.length };
}

function namesIn(folder: string, suffix: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((file) => (file.endsWith(suffix) ? [file.slice(0, -suffix.length)] : []));
}
