import { join } from "node:path";
import { histogramOf } from "../channels/histogram.ts";
import { histogramReadings, mostNumbers, type Spread } from "../channels/histograms.ts";
import type { WeightPart } from "../channels/weights.ts";
import { FlamingoError } from "../core/errors.ts";
import { Random } from "../core/random.ts";
import { sizeOf } from "../core/shape.ts";
import type { WeightData } from "../core/weight.ts";
import { Prefetcher } from "../data/prefetcher.ts";
import type { Batch } from "../data/source.ts";
import { readNumbers, type Weight } from "../engine/readings/weights.ts";
import { dispose, type Tensor, tidy } from "../engine/tensor.ts";
import type { Source } from "../graph/graph.ts";
import { firstNonFinite } from "../inspection/firstNonFinite.ts";
import { findGates } from "../inspection/gates.ts";
import { layerWeights } from "../inspection/layerWeights.ts";
import { type ChannelProbe, channelProbes, readingInterval } from "../inspection/probes.ts";
import type { PlanNode } from "../pipeline/compile.ts";
import { checkpointFolder, trainedFolder } from "../runs/folder.ts";
import type { RecordBody } from "../runs/record.ts";
import { type LossRecord, pruneCheckpoints, saveCheckpoint } from "../training/checkpoint.ts";
import { type StepReport, type Training, train } from "../training/loop.ts";
import { LossScale } from "../training/lossScale.ts";
import { Optimizer } from "../training/optimizer.ts";
import type { ParameterGroups } from "../training/parameterGroups.ts";
import type { Schedule } from "../training/schedule.ts";
import type { UpdateNorms } from "../training/updateNorms.ts";
import type { WeightSamples } from "../training/weightSamples.ts";
import { saveWeights } from "../weights/file.ts";
import type { ActionContext } from "./action.ts";
import { FeatureCache } from "./featureCache.ts";
import { lastLayers } from "./lastLayers.ts";
import { mayContinue } from "./mayContinue.ts";
import { nodeProgress } from "./nodeProgress.ts";
import { toTensors, type Values } from "./pipelineModel.ts";

export interface TrainerSettings {
  schedule: Schedule;
  groups: ParameterGroups;
  clip: number;
  /** Adaptive clipping of the gradients of all but the last layer: the largest ratio to the weights. */
  adaptiveClip?: number;
  accumulation: number;
  /** Whether products may be in half precision, so that the loss is scaled. */
  mixed: boolean;
  checkpointEvery: number;
  /** How many of the last checkpoints stay, beside the best. */
  keepLast: number;
}

/** Steps between two measurements of what a step does to each layer's weights. */
const measureEvery = 50;
/** Milliseconds between two reports of progress. */
const reportEvery = 250;

/** Trains the blocks before a node, writes the run's log and checkpoints, and calls its observers. */
export class Trainer {
  readonly #context: ActionContext;
  readonly #settings: TrainerSettings;
  readonly #weights: readonly Weight[];
  readonly #optimizer: Optimizer;
  #lossScale: LossScale | undefined;
  /** Prefetch the batches of the sources, by node id. */
  readonly #prefetchers = new Map<string, Prefetcher>();
  /** Milliseconds of the step in which there was no batch to work on. */
  #waited = 0;
  /** The channels that read values inside the model. */
  readonly #probes: readonly ChannelProbe[];
  /** Which part of the model each weight is of, for what is measured of them. */
  #partOf: readonly number[] = [];
  #parts: readonly WeightPart[] = [];
  /** The whole forward pass of the last batch, from its sources on. */
  #forward: (() => Tensor) | undefined;
  /** Tensors of the current batch. */
  #held: Tensor[] = [];
  #saved = 0;
  #losses: LossRecord = { sum: 0, count: 0 };
  #lastReport = 0;
  #seconds = 0;

  /** @throws FlamingoError INVALID_PIPELINE if all is frozen */
  constructor(context: ActionContext, settings: TrainerSettings) {
    this.#context = context;
    this.#settings = settings;
    this.#weights = this.#allWeights().filter((weight) => !weight.frozen);
    if (this.#weights.length === 0) {
      const { label, id } = context.node;
      throw new FlamingoError("INVALID_PIPELINE", `"${label}" has nothing to train: every block before it is frozen`, {
        block: id,
        fix: "unfreeze a block, or add one that is trainable",
      });
    }
    const { adaptiveClip: ratio, ...others } = settings;
    const adaptiveClip = ratio ? { ratio, except: lastLayers(context.model, this.#lossNode()) } : undefined;
    this.#optimizer = new Optimizer(this.#weights, { ...others, adaptiveClip });
    this.#probes = channelProbes(context.model.placedBlocks());
    if (settings.mixed) this.#lossScale = new LossScale();
  }

  /** Trains from the newest checkpoint to the last step. Returns false if it was stopped before. */
  async run(): Promise<boolean> {
    const { schedule, accumulation } = this.#settings;
    const from = this.#restoreCheckpoint();
    this.#announce();
    // What goes on from the last step has none to look after.
    if (from === 0 || from >= schedule.steps) await this.#callObservers(from, true);
    const last = await train({
      weights: this.#weights,
      optimizer: this.#optimizer,
      schedule,
      accumulation,
      ...(this.#lossScale ? { lossScale: this.#lossScale } : {}),
      noise: new Random(this.#context.seed).fork("noise"),
      from,
      ...this.#lossesOf(),
      measures: (step) => step % measureEvery === 0,
      samples: (step) => (step % readingInterval(histogramReadings, schedule.steps) === 0 ? mostNumbers : 0),
      onStep: (report) => this.#record(report),
      onNonFinite: (report) => this.#recordLoss(report),
      pausesAfter: (step) => this.#pausesAfter(step),
      betweenSteps: (step) => this.#betweenSteps(step),
    }).catch(async (error: unknown) => {
      throw await this.#placeNonFinite(error);
    });
    await this.#save(Math.max(last, from));
    if (last < schedule.steps) return false;
    await this.#saveNodes();
    return true;
  }

  async dispose(): Promise<void> {
    dispose(this.#held);
    this.#optimizer.dispose();
    await Promise.all([...this.#prefetchers.values()].map((draws) => draws.dispose()));
  }

  #lossNode(): string {
    const { model, node } = this.#context;
    return model.inputsOf(node.id).loss!.node;
  }

  #allWeights(): Weight[] {
    const { model, node } = this.#context;
    return [...new Set(model.blocksUpTo(node.id).flatMap((id) => model.weightsOf(id)))]; // two nodes may share them
  }

  /** Loads the run's newest checkpoint, and returns its step; 0 if there is none. */
  #restoreCheckpoint(): number {
    const stored = this.#context.takeCheckpoint?.();
    if (!stored) return 0;
    const { step, seconds, weights, moments, lossScale, losses } = stored.checkpoint;
    this.#context.model.weights.load(weights, "", stored.path);
    this.#optimizer.load(moments);
    if (this.#lossScale && lossScale) this.#lossScale = new LossScale(lossScale);
    this.#saved = step;
    if (losses) this.#losses = losses;
    this.#seconds = seconds;
    return step;
  }

  #announce(): void {
    const { log, node, model } = this.#context;
    const count = (weights: readonly Weight[]) => weights.reduce((sum, weight) => sum + sizeOf(weight), 0);
    const { steps } = this.#settings.schedule;
    const [weights, trainable] = [count(this.#allWeights()), count(this.#weights)];
    log.append({ channel: "training", value: { node: node.id, steps, weights, trainable } });
    const gates = findGates(this.#weights, model.placedBlocks(), model.findBlock);
    if (gates.length > 0) log.append({ channel: "gates", value: { gates } });
    const { parts, partOf } = layerWeights(this.#weights, model.placedBlocks(), model.findBlock);
    this.#partOf = partOf;
    this.#parts = parts;
    log.append({ channel: "weights", value: { parts } });
  }

  /** The loss of each dataset that a mixture has, or the one loss. */
  #lossesOf(): Pick<Training, "lossOf" | "mixture"> {
    const { model, node } = this.#context;
    const from = model.inputsOf(node.id).loss!;
    const { type, config } = model.node(from.node);
    const block = model.findBlock(type);
    const mixture = block?.mixture?.(block.config.parse(config));
    const mixed = mixture ? Object.entries(model.inputsOf(from.node)) : [];
    if (!mixture || mixed.length === 0) return { lossOf: this.#lossOf(from) };
    const losses = mixed.map(([, each]) => this.#lossOf(each));
    const datasets = mixed.map(([name]) => ({ name, weight: mixture.weights[name]! }));
    return { mixture: { datasets, inTurn: mixture.inTurn }, lossOf: (batch, dataset) => losses[dataset]!(batch) };
  }

  /**
   * The loss of a batch. What depends on no trained weight is computed first, outside the gradient's tape, or read from the cache.
   */
  #lossOf(from: Source): (batch: number) => Promise<() => Tensor> {
    const { model } = this.#context;
    const feeding = model.sourcesOf(from.node);
    const fixed = model.blocksUpTo(from.node).filter((id) => model.isFixed(id));
    const cache = new FeatureCache(model, fixed);
    // A block may hand out a weight itself (an embedding table): that is not ours to dispose.
    const variables = new Set<Tensor>(model.weights.all().map(({ variable }) => variable));
    return async (batch) => {
      const drawn = await this.#takeBatches(feeding, batch);
      dispose(this.#held);
      const values: Values = new Map([...drawn].map(([id, numbers]) => [id, toTensors(numbers)]));
      const given = [...values.values()].flatMap((ports) => Object.values(ports) as Tensor[]);
      const sources = new Map(values);
      this.#forward = () => model.compute(from.node, new Map(sources))[from.port] as Tensor;
      cache.recall(drawn, values);
      const computed = tidy(() => {
        for (const id of fixed) model.compute(id, values);
        return fixed.flatMap((id) => Object.values(values.get(id)!) as Tensor[]);
      });
      this.#held = [...given, ...computed.filter((value) => !variables.has(value))];
      await cache.keep(drawn, values);
      return () => model.compute(from.node, new Map(values))[from.port] as Tensor;
    };
  }

  /** The batch of each source. The time that this takes is counted as waiting. */
  async #takeBatches(feeding: readonly PlanNode[], batch: number): Promise<Map<string, Batch>> {
    const { sources, log } = this.#context;
    const start = performance.now();
    const drawn = feeding.map(async ({ id }): Promise<[string, Batch]> => {
      const warn = (message: string) =>
        log.append({ channel: "message", value: { level: "warning", message, node: id } });
      const draws = this.#prefetchers.get(id) ?? new Prefetcher(sources.get(id)!, warn);
      this.#prefetchers.set(id, draws);
      return [id, await draws.take(batch)];
    });
    try {
      return new Map(await Promise.all(drawn));
    } finally {
      this.#waited += performance.now() - start;
    }
  }

  #record({ step, loss, rate, norm, gates, datasets, milliseconds, updates, samples }: StepReport): void {
    const { log } = this.#context;
    this.#seconds += milliseconds / 1000;
    const waiting = milliseconds > 0 ? Math.min(1, this.#waited / milliseconds) : 0;
    this.#waited = 0;
    this.#recordLoss({ step, loss, rate, norm, datasets });
    if (gates.length > 0) log.append({ channel: "gates", step, value: gates });
    log.append({ channel: "time", step, value: { milliseconds, waiting } });
    if (updates) log.append({ channel: "weights", step, value: this.#partNorms(updates) });
    if (samples) log.append({ channel: "histograms", step, value: this.#spreads(samples) });
    if (Number.isFinite(loss)) {
      const { sum, count, ...rest } = this.#losses;
      this.#losses = { ...rest, sum: sum + loss, count: count + 1 };
    }
    if (!Number.isFinite(norm)) this.#reportSkipped(step);
    this.#reportProgress(step, step === this.#settings.schedule.steps);
  }

  /** Norms of parts from the squared norms of their weights. */
  #partNorms({ gradient, weight, update }: UpdateNorms): UpdateNorms {
    const parts = Math.max(...this.#partOf) + 1;
    const normsOf = (squares: readonly number[]) => {
      const sums = new Array<number>(parts).fill(0);
      for (const [at, part] of this.#partOf.entries()) sums[part]! += squares[at]!;
      return sums.map(Math.sqrt);
    };
    return { gradient: normsOf(gradient), weight: normsOf(weight), update: normsOf(update) };
  }

  /** Histograms of each part's weights and gradients. Gates are numbers of their own in the log. */
  #spreads({ weights, gradients }: WeightSamples): Spread[] {
    const ofPart = (samples: readonly Float32Array[], part: number) =>
      joined(samples.filter((_, at) => this.#partOf[at] === part));
    return this.#parts.flatMap(({ group, ...place }, part) =>
      group === "gate"
        ? []
        : (["weights", "gradients"] as const).map((of) => {
            const numbers = ofPart(of === "weights" ? weights : gradients, part);
            return { of, ...place, group, histogram: histogramOf(numbers) };
          }),
    );
  }

  #recordLoss(report: Pick<StepReport, "step" | "loss" | "rate" | "norm"> & Partial<StepReport>): void {
    const { step, loss, rate, norm, datasets = {} } = report;
    const { log } = this.#context;
    const parts = Object.keys(datasets).length > 0 ? { datasets } : {};
    log.append({ channel: "loss", step, value: { total: loss, ...parts } });
    log.append({ channel: "optimizer", step, value: { rate, norm } });
  }

  /** Says of a loss or gradient that is no finite number where in the model it began. The step before it changed no weight. */
  async #placeNonFinite(error: unknown): Promise<unknown> {
    if (!(error instanceof FlamingoError) || error.code !== "NON_FINITE" || !this.#forward) return error;
    const first = await firstNonFinite(this.#context.model, this.#forward);
    const where = first ? `; in the order of computation it begins at ${first}` : "; it begins in the backward pass";
    return new FlamingoError(error.code, `${error.message}${where}`, error.details);
  }

  #pausesAfter(step: number): boolean {
    const { observers, signal, control } = this.#context;
    const isAsked = signal.aborted || control?.paused() === true;
    const isRead = this.#probes.some((probe) => probe.isDue(step, this.#settings.schedule.steps));
    return this.#isSavedAfter(step) || isAsked || isRead || observers.some(({ every }) => step % every === 0);
  }

  #isSavedAfter(step: number): boolean {
    return step % this.#settings.checkpointEvery === 0;
  }

  async #betweenSteps(step: number): Promise<boolean> {
    if (this.#isSavedAfter(step)) await this.#save(step);
    await this.#probe(step);
    await this.#callObservers(step, step === this.#settings.schedule.steps);
    return mayContinue(this.#context, () => this.#save(step));
  }

  /** Reads what channels ask for inside the model, on the step's last batch, with the weights as the step left them. */
  async #probe(step: number): Promise<void> {
    const due = this.#probes.filter((probe) => probe.isDue(step, this.#settings.schedule.steps));
    const { model, log } = this.#context;
    if (due.length === 0 || !this.#forward) return;
    tidy(
      () =>
        void model.watched(
          due.flatMap(({ probes }) => probes),
          this.#forward!,
        ),
    );
    for (const probe of due) {
      const record = { channel: probe.channel.name, step, value: await probe.value() };
      log.append(record as RecordBody);
    }
  }

  /** Reports the progress, a few times a second: each step's numbers are in the log anyway. */
  #reportProgress(step: number, always: boolean): void {
    const now = performance.now(); // the clock may be set back
    if (!always && now - this.#lastReport < reportEvery) return;
    this.#lastReport = now;
    const { log, node } = this.#context;
    nodeProgress(log, node.id, "training")(step, this.#settings.schedule.steps);
  }

  #reportSkipped(step: number): void {
    const { log, node } = this.#context;
    const { scale } = this.#lossScale!;
    const message = `step ${step} is skipped: its gradients overflow; the loss scale falls from ${2 * scale} to ${scale}`;
    log.append({ channel: "message", value: { level: "info", message, node: node.id } });
  }

  async #callObservers(step: number, always: boolean): Promise<void> {
    for (const observer of this.#context.observers) if (always || step % observer.every === 0) await observer.see(step);
  }

  async #save(step: number): Promise<void> {
    if (step === this.#saved) return;
    const { folder, log, node, seed } = this.#context;
    const weights = new Map<string, WeightData>();
    for (const weight of this.#weights) weights.set(weight.name, await readNumbers(weight));
    const moments = await this.#optimizer.save();
    const scaling = this.#lossScale ? { lossScale: this.#lossScale.state } : {};
    if (this.#isSavedAfter(step) || step === this.#settings.schedule.steps) this.#rank(step);
    const losses = this.#losses;
    const checkpoint = { step, seconds: this.#seconds, weights, moments, losses, ...scaling };
    const metadata = { seed: String(seed), node: node.id };
    const place = join(folder, checkpointFolder);
    const file = await saveCheckpoint(place, checkpoint, metadata);
    log.append({ channel: "checkpoint", step, value: { file } });
    this.#saved = step;
    await pruneCheckpoints(place, this.#settings.keepLast, losses.best?.step);
  }

  /** Notes whether the steps since the last checkpoint that was due had the lowest mean loss so far. */
  #rank(step: number): void {
    const { sum, count, best } = this.#losses;
    const isBest = count > 0 && !(best && best.loss <= sum / count);
    const now = isBest ? { step, loss: sum / count } : best;
    this.#losses = { sum: 0, count: 0, ...(now ? { best: now } : {}) };
  }

  /** Each trained node's weights in a file of their own, for other pipelines to start from. */
  async #saveNodes(): Promise<void> {
    const { model, folder, seed } = this.#context;
    const { steps } = this.#settings.schedule;
    const trained = new Set(this.#weights);
    for (const id of Object.keys(model.whole.nodes)) {
      if (!model.weights.all(id).some((weight) => trained.has(weight))) continue;
      const numbers = await model.weights.save(id);
      const tensors = [...numbers].map(([name, data]) => [name, { dtype: "F32" as const, ...data }] as const);
      await saveWeights(join(folder, trainedFolder, `${id}.safetensors`), tensors, {
        pipeline: model.plan.name,
        node: id,
        seed: String(seed),
        steps: String(steps),
        seconds: this.#seconds.toFixed(0),
      });
    }
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
