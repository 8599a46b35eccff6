import * as tf from "@tensorflow/tfjs";
import { defineInPlace } from "../kernels.ts";
import type { Tensor, Variable } from "../tensor.ts";

/** A parameter with its gradient and the two moments of it that AdamW keeps. */
export interface AdamWParameter {
  value: Variable;
  gradient: Tensor;
  m: Variable;
  v: Variable;
  /** Learning rate of this parameter. */
  rate: number;
  /** Decoupled weight decay of this parameter. */
  decay: number;
}

/** What a kernel takes besides tensors. `factor` multiplies the gradients where there is no tensor `clip`. */
export interface AdamWNumbers extends Omit<AdamWOptions, "clip"> {
  factor: number;
}

type State = { value: Tensor; gradient: Tensor; m: Tensor; v: Tensor; clip?: Tensor };

/** A step of one parameter. */
export const adamWOp = defineInPlace<State, AdamWNumbers & Pick<AdamWParameter, "rate" | "decay">>("AdamW");

/** A step of all parameters, whose tensors are named value0, gradient0, m0, v0 and so on. */
export const adamWOfAllOp = defineInPlace<
  Record<string, Tensor>,
  AdamWNumbers & { rates: readonly Pick<AdamWParameter, "rate" | "decay">[] }
>("AdamWOfAll");

export interface AdamWOptions {
  /** Number of this step; the first is 1. */
  step: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  /** Factor of all gradients, as `clipFactor` gives it; 1 by default. By 0 nothing changes, whatever the gradients. */
  clip?: number | Tensor;
}

/**
 * One step of AdamW over all parameters, in place, with PyTorch's meaning of every number:
 * value ← value·(1 − rate·decay); m ← β₁m + (1 − β₁)g; v ← β₂v + (1 − β₂)g²;
 * value ← value − rate·m̂/(√v̂ + ε), m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ), g = clip·gradient.
 * Source: Loshchilov and Hutter 2019, arXiv:1711.05101.
 */
export function adamW(parameters: readonly AdamWParameter[], options: AdamWOptions): void {
  if (options.clip === 0 || parameters.length === 0) return;
  if (adamWOfAllOp.isAvailable()) {
    tf.tidy(() => updateAll(parameters, options));
    return;
  }
  const fused = adamWOp.isAvailable();
  for (const parameter of parameters)
    tf.tidy(() => (fused ? updateFused(parameter, options) : update(parameter, options)));
}

function updateAll(parameters: readonly AdamWParameter[], { clip = 1, ...numbers }: AdamWOptions): void {
  const inputs: Record<string, Tensor> = typeof clip === "number" ? {} : { clip };
  for (const [at, { value, gradient, m, v }] of parameters.entries()) {
    for (const variable of [value, m, v]) ensureSoleName(variable);
    Object.assign(inputs, { [`value${at}`]: value, [`gradient${at}`]: gradient, [`m${at}`]: m, [`v${at}`]: v });
  }
  const rates = parameters.map(({ rate, decay }) => ({ rate, decay }));
  adamWOfAllOp.run(inputs, { ...numbers, rates, factor: typeof clip === "number" ? clip : 1 });
}

function updateFused({ value, gradient, m, v, rate, decay }: AdamWParameter, options: AdamWOptions): void {
  const { clip = 1, ...numbers } = options;
  for (const variable of [value, m, v]) ensureSoleName(variable);
  const inputs = { value, gradient, m, v, ...(typeof clip !== "number" && { clip }) };
  const factor = typeof clip === "number" ? clip : 1;
  adamWOp.run(inputs, { ...numbers, rate, decay, factor });
}

/** What is written in place must have no other name: a clone would change as well. */
function ensureSoleName(variable: Variable): void {
  if (tf.backend().refCount(variable.dataId) > 1) variable.assign(tf.add(variable, 0));
}

function update({ value, gradient, m, v, rate, decay }: AdamWParameter, options: AdamWOptions): void {
  const { step, beta1, beta2, epsilon, clip = 1 } = options;
  // Gradients that are no number are left out by choice, not by a product: 0 times infinity is no number either.
  const set = (variable: Variable, next: Tensor) =>
    variable.assign(typeof clip === "number" ? next : tf.where(tf.notEqual(clip, 0), next, variable));
  const g = tf.mul(gradient, clip);
  set(m, tf.add(tf.mul(m, beta1), tf.mul(g, 1 - beta1)));
  set(v, tf.add(tf.mul(v, beta2), tf.mul(tf.square(g), 1 - beta2)));
  const root = tf.add(tf.sqrt(tf.div(v, 1 - beta2 ** step)), epsilon);
  const change = tf.mul(tf.div(m, root), rate / (1 - beta1 ** step));
  set(value, tf.sub(tf.mul(value, 1 - rate * decay), change));
}
