import { FlamingoError } from "../core/errors.ts";
import { add } from "../engine/add.ts";
import { valueAndGradients } from "../engine/gradients.ts";
import { readScalars } from "../engine/readScalars.ts";
import { dispose, type Tensor, tidy } from "../engine/tensor.ts";
import type { Weight } from "../engine/weights.ts";
import type { LossScale } from "./lossScale.ts";
import type { Optimizer } from "./optimizer.ts";
import { rateAt, type Schedule } from "./schedule.ts";

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
  milliseconds: number;
}

export interface Training {
  weights: readonly Weight[];
  optimizer: Optimizer;
  schedule: Schedule;
  /** Batches whose gradients are averaged before each step. */
  accumulation: number;
  /** For products in half precision. A step whose gradients overflow with it is skipped. */
  lossScale?: LossScale;
  /** Step to go on after; 0 for a new training. */
  from: number;
  /** The loss of a batch, a scalar. Batches count from 0 over the whole training. */
  lossOf(batch: number): Promise<() => Tensor> | (() => Tensor);
  /** After each step. Return false to stop. */
  onStep(report: StepReport): Promise<boolean>;
}

/**
 * Trains: for each step, the gradients of its batches, their mean, and one step of the optimizer.
 * @returns the number of the last step made
 * @throws FlamingoError NON_FINITE as soon as a loss or gradient is no finite number; the weights stay as they were
 */
export async function train(training: Training): Promise<number> {
  const { schedule, from } = training;
  for (let step = from + 1; step <= schedule.steps; step++) {
    const report = await makeStep(training, step);
    if (!(await training.onStep(report))) return step;
  }
  return schedule.steps;
}

/** The device gets all of a step's work before anything is read: it need not wait for us in between. */
async function makeStep(training: Training, step: number): Promise<StepReport> {
  const { weights, optimizer, schedule, accumulation, lossScale } = training;
  const start = performance.now();
  const { loss: total, gradients } = await sumOfBatches(training, step);
  const rate = rateAt(step, schedule);
  const scale = lossScale?.scale ?? 1;
  const taken = step - (lossScale?.skipped ?? 0);
  const scaledNorm = optimizer.step(gradients, taken, rate, { scale, loss: total });
  const gates = weights.filter(({ role }) => role === "gate").map(({ variable }) => variable);
  const [sum, length, ...open] = await readScalars([total, scaledNorm, ...gates]);
  dispose([total, scaledNorm, ...gradients.filter((gradient) => gradient !== null)]);
  const [loss, norm] = [sum! / accumulation, length! / scale];
  requireFinite(loss, "loss", step, lossScale);
  if (!lossScale?.take(Number.isFinite(norm))) requireFinite(norm, "norm of the gradients", step, lossScale);
  return { step, loss, rate, norm, gates: open.map(Math.tanh), milliseconds: performance.now() - start };
}

/** The summed loss of a step's batches, and the gradients of their mean times the loss scale. */
async function sumOfBatches(
  { weights, accumulation, lossScale, lossOf }: Training,
  step: number,
): Promise<{ loss: Tensor; gradients: (Tensor | null)[] }> {
  const variables = weights.map(({ variable }) => variable);
  const factor = (lossScale?.scale ?? 1) / accumulation;
  let [loss, ...gradients]: (Tensor | null)[] = [];
  for (let part = 0; part < accumulation; part++) {
    const result = valueAndGradients(await lossOf((step - 1) * accumulation + part), variables, factor);
    const found = [result.value, ...result.gradients];
    [loss, ...gradients] = part === 0 ? found : sumOf([loss!, ...gradients], found);
  }
  return { loss: loss!, gradients };
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
    fix: `lower the learning rate, or lengthen the warm-up${single}, and resume from the last checkpoint`,
  });
}
