import { FlamingoError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { valueAndGradients } from "../engine/autodiff/gradients.ts";
import { capabilities } from "../engine/devices/capabilities.ts";
import { add, scale } from "../engine/ops/elementwise.ts";
import { readScalars } from "../engine/read.ts";
import type { Weight } from "../engine/readings/weights.ts";
import { clone, dispose, type Tensor, tidy } from "../engine/tensor.ts";
import { withTrainingNoise } from "../engine/trainingNoise.ts";
import type { LossScale } from "./lossScale.ts";
import type { Optimizer } from "./optimizer.ts";
import { rateAt, type Schedule } from "./schedule.ts";
import { readUpdateNorms, type UpdateNorms, UpdateWatch } from "./updateNorms.ts";
import { readWeightSamples, type WeightSamples } from "./weightSamples.ts";

/** What a step of training came to. */
export interface StepReport {
  step: number;
  /** Mean loss over the step's batches. */
  loss: number;
  rate: number;
  /** Global norm of the gradients, before clipping. Not finite only where the step was skipped. */
  norm: number;
  /** tanh of each gate among the weights, after the step. */
  gates: number[];
  /** Mean loss on each dataset of the step, unweighted, where there are several. */
  datasets: Record<string, number>;
  milliseconds: number;
  /** Weight by weight, for a step that `measures` asks for. */
  updates?: UpdateNorms;
  /** For a step that `samples` asks for. */
  samples?: WeightSamples;
}

/** A dataset of a mixture. */
export interface TrainingDataset {
  name: string;
  /** Multiplies its loss. */
  weight: number;
}

export interface Training {
  weights: readonly Weight[];
  optimizer: Optimizer;
  schedule: Schedule;
  /** Batches whose gradients are averaged before each step. */
  accumulation: number;
  /** For products in half precision. A step whose gradients overflow with it is skipped. */
  lossScale?: LossScale;
  /** For what is random in the model's layers; without it nothing is. */
  noise?: Random;
  /** Step to go on after; 0 for a new training. */
  from: number;
  /** Where batches come from several datasets. Each step takes a batch of each, or, in turn, of one. */
  mixture?: { datasets: readonly TrainingDataset[]; inTurn: boolean };
  /** The loss of a batch of a dataset, a scalar. Batches of a dataset count from 0 over the whole training. */
  lossOf(batch: number, dataset: number): Promise<() => Tensor> | (() => Tensor);
  /** Whether what this step does to each weight is measured; not by default. */
  measures?(step: number): boolean;
  /** How many numbers of each weight before this step, and of its gradient, are read; 0 for none, as by default. */
  samples?(step: number): number;
  /** After each step, in order, as soon as its numbers are there. */
  onStep(report: StepReport): void;
  /** What the step came to that ends the training, because its loss or gradient is no finite number. */
  onNonFinite?(report: Pick<StepReport, "step" | "loss" | "rate" | "norm">): void;
  /** Whether `betweenSteps` must be called after this step. It always is after the last one. */
  pausesAfter(step: number): boolean;
  /** Called with the weights as the step left them, to save or evaluate the model. Return false to stop. */
  betweenSteps(step: number): Promise<boolean>;
}

/** A step whose work is queued on the device, and whose numbers are being read. */
interface StartedStep {
  step: number;
  rate: number;
  /** What its gradients were multiplied by. */
  scale: number;
  /** When it began, in milliseconds. */
  start: number;
  /** Summed loss, norm of the scaled gradients, the gates' weights, and what was measured of each weight. */
  numbers: Promise<number[]>;
  /** How many of the numbers are what was measured. */
  measured: number;
  samples: Promise<WeightSamples> | undefined;
  /** The datasets of the step; their losses are the first numbers after loss and norm. */
  datasets: readonly TrainingDataset[];
}

/**
 * Trains: for each step, the gradients of its batches, their mean, and one step of the optimizer.
 *
 * All of a step's work is queued before anything is read. On a device that computes asynchronously the next step is queued too, unless
 * `pausesAfter` asks for a pause: the device never waits for its numbers to be read. The results are the same to the last bit.
 *
 * @returns the number of the last step made
 * @throws FlamingoError NON_FINITE as soon as a loss or gradient is known to be no finite number; that step changes no weight
 */
export async function train(training: Training): Promise<number> {
  const { schedule, from, lossScale } = training;
  const runsAhead = !capabilities().readsAtOnce && !lossScale; // a loss scale is set by the numbers of the step before
  let before: StartedStep | undefined;
  let reportedAt = 0;
  const report = async (begun: StartedStep | undefined) => {
    if (!begun) return;
    training.onStep(await reportOf(training, begun, reportedAt));
    reportedAt = performance.now();
  };
  for (let step = from + 1; step <= schedule.steps; step++) {
    // Its batch may take long, so the step before is reported meanwhile.
    const [earlier, made] = await Promise.allSettled([report(before), startStep(training, step)]);
    if (earlier.status === "rejected") {
      if (made.status === "fulfilled") await made.value.numbers.catch(() => undefined); // nothing stays on its way
      throw earlier.reason;
    }
    if (made.status === "rejected") throw made.reason;
    before = made.value;
    if (runsAhead && step < schedule.steps && !training.pausesAfter(step)) continue;
    await report(before);
    before = undefined;
    if (!(await training.betweenSteps(step))) return step;
  }
  return schedule.steps;
}

/** Queues all the work of a step on the device, and begins to read its numbers. */
async function startStep(training: Training, step: number): Promise<StartedStep> {
  const { weights, optimizer, schedule, lossScale } = training;
  const start = performance.now();
  const { loss, gradients, datasets, losses } = await sumOfBatches(training, step);
  const rate = rateAt(step, schedule);
  const scale = lossScale?.scale ?? 1;
  const taken = step - (lossScale?.skipped ?? 0);
  const watch = training.measures?.(step) ? new UpdateWatch(weights, gradients) : undefined;
  const sampled = training.samples?.(step) ?? 0;
  const samples = sampled > 0 ? readWeightSamples(weights, gradients, sampled, scale) : undefined;
  samples?.catch(() => undefined); // as the numbers
  const norm = optimizer.step(gradients, taken, rate, { scale, loss });
  const measured = watch?.finish() ?? [];
  const gates = weights.filter(({ group }) => group === "gate").map(({ variable }) => variable);
  const numbers = readScalars([loss, norm, ...losses, ...gates, ...measured]);
  numbers.catch(() => undefined); // thrown where it is awaited, which may be after the next step began
  dispose([loss, norm, ...losses, ...measured, ...gradients.filter((gradient) => gradient !== null)]);
  return { step, rate, scale, start, numbers, measured: measured.length, samples, datasets };
}

/** What a step came to. Its time begins with it, or where the report of the one before ended. */
async function reportOf(
  { accumulation, lossScale, onNonFinite }: Training,
  { step, rate, scale, start, numbers, measured, samples, datasets }: StartedStep,
  reportedAt: number,
): Promise<StepReport> {
  const all = await numbers;
  const [sum, length, ...rest] = all.slice(0, all.length - measured);
  const losses = datasets.map(({ name }, at) => [name, rest[at]! / accumulation]);
  const open = rest.slice(datasets.length);
  const updates = measured > 0 ? { updates: readUpdateNorms(all.slice(-measured), scale) } : {};
  const [loss, norm] = [sum! / accumulation, length! / scale];
  if (!Number.isFinite(loss) || (!Number.isFinite(norm) && !lossScale)) onNonFinite?.({ step, loss, rate, norm });
  requireFinite(loss, "loss", step, lossScale);
  if (!lossScale?.take(Number.isFinite(norm))) requireFinite(norm, "norm of the gradients", step, lossScale);
  const milliseconds = performance.now() - Math.max(start, reportedAt);
  return {
    step,
    loss,
    rate,
    norm,
    gates: open.map(Math.tanh),
    datasets: Object.fromEntries(losses),
    milliseconds,
    ...updates,
    ...(samples ? { samples: await samples } : {}),
  };
}

/** The one dataset of a training without a mixture. */
const only: readonly TrainingDataset[] = [{ name: "", weight: 1 }];

/** The summed loss of a step's batches, the gradients of their mean times the loss scale, and the summed loss of each dataset of a mixture. */
async function sumOfBatches(
  { weights, accumulation, lossScale, noise, mixture, lossOf }: Training,
  step: number,
): Promise<{ loss: Tensor; gradients: (Tensor | null)[]; datasets: readonly TrainingDataset[]; losses: Tensor[] }> {
  const variables = weights.map(({ variable }) => variable);
  const factor = (lossScale?.scale ?? 1) / accumulation;
  const all = mixture?.datasets ?? only;
  const turn = (step - 1) % all.length;
  const chosen = mixture?.inTurn ? [turn] : all.map((_, at) => at);
  // A dataset that is trained on every nth step has its own batches from 0 on.
  const first = (mixture?.inTurn ? Math.floor((step - 1) / all.length) : step - 1) * accumulation;
  let [loss, ...gradients]: (Tensor | null)[] = [];
  const losses: (Tensor | null)[] = chosen.map(() => null);
  for (let part = 0; part < accumulation; part++) {
    for (const [at, dataset] of chosen.entries()) {
      const batch = first + part;
      const computeLoss = await lossOf(batch, dataset);
      const { weight } = all[dataset]!;
      const stream = mixture ? noise?.fork(batch).fork(dataset) : noise?.fork(batch);
      const result = withTrainingNoise(stream, () => valueAndGradients(computeLoss, variables, factor * weight));
      const found = [weight === 1 ? result.value : tidy(() => scale(result.value, weight)), ...result.gradients];
      if (mixture) losses[at] = sumOf([losses[at]!], [clone(result.value)])[0]!;
      if (weight !== 1) result.value.dispose();
      [loss, ...gradients] = loss ? sumOf([loss, ...gradients], found) : found;
    }
  }
  return {
    loss: loss!,
    gradients,
    datasets: mixture ? chosen.map((at) => all[at]!) : [],
    losses: losses.flatMap((each) => each ?? []),
  };
}

function sumOf(left: (Tensor | null)[], right: (Tensor | null)[]): (Tensor | null)[] {
  return left.map((a, index) => {
    const b = right[index] ?? null;
    if (!a || !b) return a ?? b;
    const sum = tidy(() => add(a, b));
    dispose([a, b]);
    return sum;
  });
}

function requireFinite(value: number, what: string, step: number, lossScale?: LossScale): void {
  if (Number.isFinite(value)) return;
  const single = lossScale ? ", or train in float32" : "";
  throw new FlamingoError("NON_FINITE", `the ${what} is ${value} at step ${step}`, {
    actual: String(value),
    field: "rate",
    fix: `lower the learning rate, or lengthen the warm-up${single}, and resume from the last checkpoint`,
  });
}
