import * as tf from "@tensorflow/tfjs";
import { hasKernel, runKernels } from "./kernels.ts";
import type { Tensor, Variable } from "./tensor.ts";
import { wanting } from "./wasm/kernel.ts";

export interface ValueAndGradients {
  /** The scalar that `f` returned. */
  value: Tensor;
  /** d (factor · value) / d variable, in the order of the variables; null for one that takes no part. */
  gradients: (Tensor | null)[];
}

/** An operation as TensorFlow.js' tape records it. */
interface TapeNode {
  kernelName: string;
  inputs: Record<string, Tensor>;
  outputs: Tensor[];
  saved?: Tensor[];
  gradient?: (dys: (Tensor | null)[]) => Record<string, () => Tensor>;
}

/** The part of TensorFlow.js' engine that keeps the tape. */
interface TapeEngine {
  state: { activeTape: TapeNode[] | null; gradientDepth: number };
  startTape(): void;
  endTape(): void;
}

/**
 * Computes a scalar and its gradient by each variable. All other tensors that come into being are disposed; value and
 * gradients are the caller's to dispose. What the forward pass kept is freed as soon as the backward pass is done with
 * it, and gradients that meet are summed in place: TensorFlow.js' own walk over its tape does neither.
 *
 * @param factor multiplies the gradients and not the value: a share of several batches, or a loss scale
 */
export function valueAndGradients(f: () => Tensor, variables: readonly Variable[], factor = 1): ValueAndGradients {
  const engine = tf.engine();
  const tape: TapeNode[] = [];
  engine.startScope("valueAndGradients");
  try {
    const value = record(f, tape);
    const totals = new Map<number, Tensor>([[value.id, tf.fill(value.shape, factor)]]);
    const fromVariables = reachable(tape, variables);
    for (const node of tape.toReversed()) {
      stepBack(node, totals, fromVariables);
      release(node);
    }
    const gradients = variables.map((variable) => totals.get(variable.id) ?? null);
    engine.endScope([value, ...gradients.filter((gradient) => gradient !== null)]);
    return { value, gradients };
  } catch (error) {
    for (const node of tape) release(node);
    engine.endScope();
    throw error;
  }
}

/** Runs `f` and takes down what it did, also if it throws. */
function record(f: () => Tensor, tape: TapeNode[]): Tensor {
  const engine = tf.engine() as unknown as TapeEngine;
  engine.startTape();
  try {
    return tf.tidy(f);
  } finally {
    tape.push(...engine.state.activeTape!);
    engine.endTape();
    if (engine.state.gradientDepth === 0) engine.state.activeTape = null;
  }
}

/** Ids of all tensors that depend on the variables. */
function reachable(tape: readonly TapeNode[], variables: readonly Variable[]): Set<number> {
  const ids = new Set(variables.map((variable) => variable.id));
  for (const node of tape)
    if (Object.values(node.inputs).some((input) => ids.has(input.id)))
      for (const output of node.outputs) ids.add(output.id);
  return ids;
}

/** Takes the gradients of an operation's outputs and adds those of its inputs to the totals. */
function stepBack(node: TapeNode, totals: Map<number, Tensor>, fromVariables: ReadonlySet<number>): void {
  const dys = node.outputs.map((output) => totals.get(output.id) ?? null);
  const names = Object.keys(node.inputs).filter((name) => fromVariables.has(node.inputs[name]!.id));
  if (names.length === 0 || dys.every((dy) => dy === null)) return;
  if (!node.gradient) throw new Error(`${node.kernelName} has no gradient`);
  const found = tf.tidy(() =>
    wanting(names, () => {
      const gradients = node.gradient!(isOurs(node) ? dys : dys.map((dy, at) => dy ?? zerosOf(node.outputs[at]!)));
      return names.map((name) => named(gradients, name, node)());
    }),
  );
  for (const [at, name] of names.entries()) addTo(totals, node.inputs[name]!, found[at]!, dys);
  for (const output of node.outputs) {
    totals.get(output.id)?.dispose();
    totals.delete(output.id);
  }
}

/** Our operations know of outputs that nobody used; TensorFlow.js' ask for a gradient of each. */
function isOurs({ kernelName }: TapeNode): boolean {
  return kernelName.startsWith("Flamingo");
}

function zerosOf({ shape, dtype }: Tensor): Tensor {
  return tf.zeros(shape, dtype);
}

function named(gradients: Record<string, () => Tensor>, name: string, node: TapeNode): () => Tensor {
  const gradient = gradients[name];
  if (!gradient) throw new Error(`${node.kernelName} has no gradient by its input ${name}`);
  return gradient;
}

/** A total is this walk's alone, so that it may be changed in place: what is shared is copied by name at first. */
function addTo(totals: Map<number, Tensor>, input: Tensor, part: Tensor, dys: readonly (Tensor | null)[]): void {
  const total = totals.get(input.id);
  const passedOn = dys.includes(part);
  if (!total) {
    totals.set(input.id, passedOn ? tf.clone(part) : part);
    return;
  }
  if (hasKernel("FlamingoAccumulate") && tf.backend().refCount(total.dataId) === 1) {
    runKernels("FlamingoAccumulate", { total, part });
  } else {
    totals.set(input.id, tf.add(total, part));
    total.dispose();
  }
  if (!passedOn) part.dispose();
}

function release(node: TapeNode): void {
  for (const tensor of node.saved ?? []) tensor.dispose();
  node.saved = [];
}
