import { join } from "node:path";
import { printBytes } from "../core/bytes.ts";
import { describeStarts, describeWeights } from "../core/describeWeights.ts";
import { FlamingoError } from "../core/errors.ts";
import { type Bits, heldBytes } from "../core/quantization.ts";
import type { Start } from "../core/reading.ts";
import type { Batch, OpenSource } from "../data/source.ts";
import { openDevice } from "../engine/devices/device.ts";
import { Weights } from "../engine/readings/weights.ts";
import { optionsOf } from "../graph/graph.ts";
import { withGraphBlocks } from "../graph/graphBlock.ts";
import { type FindPretrained, type OpenedStart, openStarts } from "../models/loadPretrained.ts";
import { compile, type Plan, type PlanNode } from "../pipeline/compile.ts";
import { checkpointFolder, type RunRecord, readRun } from "../runs/folder.ts";
import type { RecordSink } from "../runs/record.ts";
import { newestCheckpoint, type StoredCheckpoint } from "../training/checkpoint.ts";
import { listNames } from "../weights/mappedWeights.ts";
import { atNode } from "./atNode.ts";
import { findTokenizer } from "./findTokenizer.ts";
import { memoryNeed, requireMemory } from "./memoryNeed.ts";
import { nodeProgress } from "./nodeProgress.ts";
import { PipelineModel } from "./pipelineModel.ts";
import { catalog, findAction, findBlock, findSource } from "./registry.ts";
import { requireTokenizer } from "./requireTokenizer.ts";
import { findStart } from "./startingWeights.ts";

/** A run that is ready to act: its plan alive on the device, its sources open. */
export interface Prepared {
  plan: Plan;
  model: PipelineModel;
  sources: Map<string, OpenSource>;
}

export interface PrepareOptions {
  device: string;
  log: RecordSink;
  /** Folder for what can be made again, such as rendered drawings. */
  cache: string;
  /** Folder of the weights that were imported; none without it. */
  models?: string | undefined;
  /** The step that the run goes on from. */
  from: number;
}

/**
 * A run's model as its newest checkpoint left it, to evaluate it or to use it.
 * @throws FlamingoError NOT_FOUND if it has no checkpoint yet
 */
export async function restoreRun(
  folder: string,
  options: Omit<PrepareOptions, "from">,
): Promise<Prepared & { record: RunRecord }> {
  const record = await readRun(folder);
  const { path, checkpoint } = await lastCheckpoint(folder, options.log);
  const prepared = await prepareRun(record, { ...options, from: checkpoint.step });
  prepared.model.weights.load(checkpoint.weights, "", path);
  return { ...prepared, record };
}

/** @throws FlamingoError NOT_FOUND if a run has no checkpoint that can be read */
export async function lastCheckpoint(folder: string, log: RecordSink): Promise<StoredCheckpoint> {
  const warn = (message: string) => log.append({ channel: "message", value: { level: "warning", message } });
  const newest = await newestCheckpoint(join(folder, checkpointFolder), warn);
  if (newest) return newest;
  const fix = "let it train for a while, or resume it";
  throw new FlamingoError("NOT_FOUND", `the run in ${folder} has no checkpoint that can be read`, {
    source: folder,
    fix,
  });
}

/**
 * Compiles a run's pipeline, opens the device, makes or loads all weights, and opens the sources, which may take long.
 * @throws FlamingoError INVALID_PIPELINE if there are two trainings; NOT_FOUND or INVALID_WEIGHTS for pretrained weights
 */
export async function prepareRun(
  record: RunRecord,
  { device, log, cache, models, from }: PrepareOptions,
): Promise<Prepared> {
  const plan = compile(record.pipeline, catalog, record.options.targets);
  requireOneTraining(plan);
  for (const node of Object.values(plan.nodes))
    if (node.kind === "source")
      await atNode(node.id, log, async () => requireTokenizer(plan, node, findTokenizer(models)));
  const opened = await openDevice(device as Parameters<typeof openDevice>[0]);
  const { name, reason, description } = opened;
  log.append({
    channel: "run",
    value: { name: record.name, seed: record.seed, device: { name, reason, description }, from },
  });
  // A wrong name is refused at once, not after the data took a minute to open.
  const starts = await openAllStarts(plan, findStart(models), log);
  const sources = new Map<string, OpenSource>();
  for (const { id, kind, type, config } of Object.values(plan.nodes))
    if (kind === "source")
      sources.set(
        id,
        await atNode(id, log, () => openSource({ id, type, config }, { seed: record.seed, cache, models, log })),
      );
  const batches = new Map<string, Batch>();
  for (const [id, source] of sources) batches.set(id, await source.batch(0));
  const need = memoryNeed(plan, batches, starts);
  if (need) {
    const has = opened.memory === undefined ? {} : { has: opened.memory };
    log.append({ channel: "memory", value: { needs: need.total, ...has } });
    requireMemory(need, opened);
  }
  return { plan, model: await makeModel(plan, record.seed, starts), sources };
}

/**
 * Makes a plan's blocks on the device that is open, with the pretrained weights that they name.
 * @param options.models folder of the weights that were imported; none without it
 * @param options.quantize bits in which matrices that are pretrained and frozen are held, whatever was said when they were imported
 * @throws FlamingoError NOT_FOUND or INVALID_WEIGHTS for pretrained weights
 */
export async function prepareModel(
  plan: Plan,
  seed: number,
  log: RecordSink,
  { models, quantize }: { models?: string | undefined; quantize?: Bits | undefined } = {},
): Promise<PipelineModel> {
  const starts = await openAllStarts(plan, findStart(models), log);
  if (!quantize) return makeModel(plan, seed, starts);
  const model = makeModel(
    plan,
    seed,
    starts.map((start) => ({ ...start, bits: quantize })),
  );
  log.append({ channel: "message", value: { level: "info", message: savedMemory(model.weights) } });
  return model;
}

function savedMemory(weights: Weights): string {
  let [held, single] = [0, 0];
  for (const { shape, quantized } of weights.all()) {
    single += heldBytes(shape);
    held += heldBytes(shape, quantized?.bits);
  }
  return `the weights take ${printBytes(held)} on the device; in single precision they would take ${printBytes(single)}`;
}

/** Makes a plan's blocks: each weight is read from its file when its block asks for it, so that only the device has all. */
function makeModel(plan: Plan, seed: number, starts: readonly OpenedStart[]): PipelineModel {
  const weights = new Weights(seed);
  try {
    for (const { start, source, tensors, bits } of starts) weights.startFrom(start.path, tensors, source, bits);
    return new PipelineModel(plan, weights, findBlock);
  } catch (error) {
    weights.dispose();
    throw error;
  }
}

/** A run has one series of steps and of checkpoints, so one training. */
function requireOneTraining(plan: Plan): void {
  const trainings = Object.values(plan.nodes).filter(({ type }) => findAction(type)?.stage === "train");
  if (trainings.length < 2) return;
  const ids = trainings.map(({ id }) => id);
  throw new FlamingoError(
    "INVALID_PIPELINE",
    `"${plan.name}" trains at ${ids.join(" and ")}, but a run trains at one`,
    {
      block: ids[1]!,
      fix: "choose one of them as the target, or remove the others",
    },
  );
}

async function openSource(
  { id: node, type, config }: Pick<PlanNode, "id" | "type" | "config">,
  { seed, cache, models, log }: { seed: number; cache: string; models: string | undefined; log: RecordSink },
): Promise<OpenSource> {
  const definition = findSource(type)!;
  log.append({ channel: "node", value: { node, state: "running", activity: "opening" } });
  let told = Number.NEGATIVE_INFINITY;
  const source = await definition.open(definition.config.parse(config), {
    seed,
    cache,
    findTokenizer: findTokenizer(models),
    progress: (activity, step, total) => {
      const now = performance.now(); // the clock may be set back
      if (step < total && now - told < 200) return;
      told = now;
      nodeProgress(log, node, activity)(step, total);
    },
    warn: (message) => log.append({ channel: "message", value: { level: "warning", message, node } }),
  });
  log.append({ channel: "node", value: { node, state: "succeeded" } });
  return source;
}

/** The pretrained weights that a plan's blocks start from, at any depth. A warning names what has no place in a block. */
async function openAllStarts(plan: Plan, find: FindPretrained, log: RecordSink): Promise<OpenedStart[]> {
  const findOwn = withGraphBlocks(plan.blocks, findBlock);
  const opened: OpenedStart[] = [];
  for (const node of Object.values(plan.nodes)) {
    const block = findOwn(node.type);
    if (!block || node.shares) continue;
    const options = { ...optionsOf(node), path: node.id, find: findOwn };
    const starts = describeStarts(block, node.config, options);
    if (starts.length === 0) continue;
    const weights = describeWeights(block, node.config, options);
    const own = await atNode(node.id, log, async () => openStarts(starts, weights, find));
    for (const { start, unused } of own) warnUnused(node.id, start, unused, log);
    opened.push(...own);
  }
  return opened;
}

function warnUnused(node: string, { path, weights }: Start, unused: readonly string[], log: RecordSink): void {
  if (unused.length === 0) return;
  const message = `"${path}" has no place for ${unused.length} of the weights of "${weights}": ${listNames(unused)}`;
  log.append({ channel: "message", value: { level: "warning", message, node } });
}
