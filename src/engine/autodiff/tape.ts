import * as tf from "@tensorflow/tfjs";
import { wanting } from "../devices/wasm/kernel.ts";
import { hasKernel, runKernels } from "../ops/kernels.ts";
import type { Tensor, TensorContainer } from "../tensor.ts";
import { asOperation } from "./operations.ts";

/** An operation as TensorFlow.js' tape records it. */
export interface TapeNode {
  kernelName: string;
  inputs: Record<string, Tensor>;
  outputs: Tensor[];
  saved?: Tensor[];
  gradient?: (dys: (Tensor | null)[]) => Record<string, () => Tensor>;
  /** In place of `gradient`: adds the gradients of these inputs to the totals itself. */
  addGradients?: (totals: Totals, names: readonly string[]) => void;
}

/** The gradients found so far, by the ids of the tensors that they are of. They are the walk's alone. */
export type Totals = Map<number, Tensor>;

/** The part of TensorFlow.js' engine that keeps the tape. */
interface TapeEngine {
  state: { activeTape: TapeNode[] | null; gradientDepth: number };
  startTape(): void;
  endTape(): void;
  /** Puts a tensor into the scope that is open. */
  track(tensor: Tensor): void;
}

const engine = () => tf.engine() as unknown as TapeEngine;

/** Whether what happens now may be differentiated. */
export function isRecording(): boolean {
  return engine().state.gradientDepth > 0;
}

/** Runs `f` past the tape: it keeps nothing for a backward pass. */
export function unrecorded<T>(f: () => T): T {
  const { state } = engine();
  const { gradientDepth } = state;
  state.gradientDepth = 0;
  try {
    return f();
  } finally {
    state.gradientDepth = gradientDepth;
  }
}

/** Adds an operation to the tape that is recorded now. */
export function append(node: TapeNode): void {
  engine().state.activeTape!.push(node);
}

/**
 * Runs `f` on a tape and walks back over it. What the forward pass kept is freed as soon as the backward pass is done
 * with it, and gradients that meet are summed in place: TensorFlow.js' own walk over its tape does neither.
 *
 * @param targets what gradients are wanted of; one that takes no part gets none
 * @param begin the gradients of the outputs, and sums to which those of the targets are added
 */
export function differentiate<T extends Tensor[]>(
  f: () => T,
  targets: readonly Tensor[],
  begin: (outputs: T) => Totals,
): { outputs: T; totals: Totals } {
  const tape: TapeNode[] = [];
  const outputs = record(f, tape);
  const totals = begin(outputs);
  const fromTargets = reachable(tape, targets);
  for (const node of tape.toReversed()) {
    stepBack(node, totals, fromTargets);
    release(node);
  }
  return { outputs, totals };
}

/** Runs `f` and takes down what it did, also if it throws. */
function record<T extends TensorContainer>(f: () => T, tape: TapeNode[]): T {
  const { state } = engine();
  engine().startTape();
  try {
    return tf.tidy(f);
  } finally {
    tape.push(...state.activeTape!);
    handOver(tape);
    engine().endTape();
    if (state.gradientDepth === 0) state.activeTape = null;
  }
}

/** Gives what the tape keeps to the scope around it, which frees it however the walk ends. */
function handOver(tape: readonly TapeNode[]): void {
  for (const { saved = [] } of tape) {
    for (const tensor of saved) {
      (tensor as { kept: boolean }).kept = false;
      engine().track(tensor);
    }
  }
}

/** Ids of all tensors that depend on the targets. */
function reachable(tape: readonly TapeNode[], targets: readonly Tensor[]): Set<number> {
  const ids = new Set(targets.map((target) => target.id));
  for (const node of tape)
    if (Object.values(node.inputs).some((input) => ids.has(input.id)))
      for (const output of node.outputs) ids.add(output.id);
  return ids;
}

/** Takes the gradients of an operation's outputs and adds those of its inputs to the totals. */
function stepBack(node: TapeNode, totals: Totals, fromTargets: ReadonlySet<number>): void {
  const dys = node.outputs.map((output) => totals.get(output.id) ?? null);
  const names = Object.keys(node.inputs).filter((name) => fromTargets.has(node.inputs[name]!.id));
  if (names.length === 0 || dys.every((dy) => dy === null)) return;
  if (node.addGradients) node.addGradients(totals, names);
  else {
    const found = gradientsOf(node, dys, names);
    for (const [at, name] of names.entries()) addTo(totals, node.inputs[name]!, found[at]!, dys);
  }
  for (const output of node.outputs) {
    totals.get(output.id)?.dispose();
    totals.delete(output.id);
  }
}

function gradientsOf(node: TapeNode, dys: (Tensor | null)[], names: readonly string[]): Tensor[] {
  if (!node.gradient) throw new Error(`${node.kernelName} has no gradient`);
  return asOperation(() =>
    tf.tidy(() =>
      wanting(names, () => {
        const gradients = node.gradient!(isOurs(node) ? dys : dys.map((dy, at) => dy ?? zerosOf(node.outputs[at]!)));
        return names.map((name) => named(gradients, name, node)());
      }),
    ),
  );
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
function addTo(totals: Totals, input: Tensor, part: Tensor, dys: readonly (Tensor | null)[]): void {
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
