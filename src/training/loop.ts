import { FlamingoError } from "../core/errors.ts";
import { add } from "../engine/add.ts";
import { valueAndGradients } from "../engine/gradients.ts";
import { scale } from "../engine/scale.ts";
import { dispose, type Tensor, tidy } from "../engine/tensor.ts";
import type { Weight } from "../engine/weights.ts";
import type { Optimizer } from "./optimizer.ts";
import { rateAt, type Schedule } from "./schedule.ts";

/** What a step of training came to. */
export interface StepReport {
  step: number;
  /** Mean loss over the step's batches. */
  loss: number;
  rate: number;
  /** Global norm of the gradients, before clipping. */
  norm: number;
  milliseconds: number;
}

export interface Training {
  weights: readonly Weight[];
  optimizer: Optimizer;
  schedule: Schedule;
  /** Batches whose gradients are averaged before each step. */
  accumulation: number;
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
 * @throws FlamingoError NON_FINITE as soon as a loss or gradient is no finite number
 */
export async function train(training: Training): Promise<number> {
  const { schedule, from } = training;
  for (let step = from + 1; step <= schedule.steps; step++) {
    const report = await makeStep(training, step);
    if (!(await training.onStep(report))) return step;
  }
  return schedule.steps;
}

async function makeStep(
  { weights, optimizer, schedule, accumulation, lossOf }: Training,
  step: number,
): Promise<StepReport> {
  const start = performance.now();
  const variables = weights.map(({ variable }) => variable);
  let gradients: (Tensor | null)[] = [];
  let loss = 0;
  for (let part = 0; part < accumulation; part++) {
    const compute = await lossOf((step - 1) * accumulation + part);
    const result = valueAndGradients(
      accumulation === 1 ? compute : () => scale(compute(), 1 / accumulation),
      variables,
    );
    loss += (await result.value.data())[0]!;
    result.value.dispose();
    gradients = part === 0 ? result.gradients : sumOf(gradients, result.gradients);
  }
  const rate = rateAt(step, schedule);
  const given = gradients.filter((gradient) => gradient !== null);
  if (!Number.isFinite(loss)) dispose(given);
  requireFinite(loss, "loss", step);
  const normTensor = optimizer.step(gradients, step, rate);
  const norm = (await normTensor.data())[0]!;
  dispose([normTensor, ...given]);
  requireFinite(norm, "norm of the gradients", step);
  return { step, loss, rate, norm, milliseconds: performance.now() - start };
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

function requireFinite(value: number, what: string, step: number): void {
  if (Number.isFinite(value)) return;
  throw new FlamingoError("NON_FINITE", `the ${what} is ${value} at step ${step}`, {
    actual: String(value),
    fix: "lower the learning rate, or lengthen the warm-up, and resume from the last checkpoint",
  });
}
