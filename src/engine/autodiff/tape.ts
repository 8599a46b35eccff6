import * as tf from "@tensorflow/tfjs";
import { defineInPlace } from "../kernels.ts";
import type { Tensor } from "../tensor.ts";
import { asOperation } from "./interruption.ts";
import { appendToTape, isRecording, recordTape, type TapeNode, unrecorded } from "./tfjsInternals.ts";

/** The gradients found so far, by the ids of the tensors that they belong to. They are the walk's alone. */
export type Totals = Map<number, Tensor>;

/** total += part. */
export const accumulateOp = defineInPlace<{ total: Tensor; part: Tensor }, object>("Accumulate");

/** An operation for the tape: its inputs, its outputs and its gradient. */
export interface Recorded {
  name: string;
  inputs: Readonly<Record<string, Tensor | undefined>>;
  outputs: Tensor[];
  /** Tensors that the gradient needs, kept for it alone: `keepForGradient` makes them. */
  saved: Tensor[];
  /** The gradients of these inputs, in this order, by those of the outputs: null of one that nothing used. */
  gradients(dys: readonly (Tensor | null)[], names: readonly string[]): Tensor[];
}

/** A second name for a tensor, which stays until the tape frees it. A variable stays anyway. */
export function keepForGradient(tensor: Tensor): Tensor {
  return tensor instanceof tf.Variable ? tensor : tf.keep(tf.clone(tensor));
}

/** Runs an operation past the tape and then puts it there as a whole; where nothing is recorded, just runs it. */
export function recordedAs<T extends Tensor | Tensor[]>(run: () => T, describe: (outputs: Tensor[]) => Recorded): T {
  if (!isRecording()) return run();
  return asOperation(() => {
    const result = unrecorded(() => forGradient(run));
    const outputs = Array.isArray(result) ? result : [result as Tensor];
    const { name, inputs, saved, gradients } = unrecorded(() => describe(outputs));
    const given = Object.entries(inputs).filter((entry): entry is [string, Tensor] => entry[1] !== undefined);
    appendToTape({
      kernelName: name,
      inputs: Object.fromEntries(given),
      outputs,
      saved: saved.filter((tensor) => !(tensor instanceof tf.Variable)),
      gradients,
      // For a gradient that is taken by TensorFlow.js itself, which disposes what it adds up.
      gradient: (dys) =>
        Object.fromEntries(
          given.map(([input]) => [
            input,
            () => {
              const [found] = gradients(dys, [input]);
              return dys.includes(found!) ? tf.clone(found!) : found!;
            },
          ]),
        ),
    });
    return result;
  });
}

let isForGradient = false;

/** Whether the kernel that runs now will be asked for its gradient, so that intermediate results are worth keeping. */
export function gradientFollows(): boolean {
  return isForGradient;
}

function forGradient<T>(run: () => T): T {
  isForGradient = true;
  try {
    return run();
  } finally {
    isForGradient = false;
  }
}

/**
 * Runs `f` on a tape and walks back over it. What the forward pass kept is freed as soon as the backward pass is done
 * with it, and gradients that meet are summed in place: TensorFlow.js' own walk over its tape does neither.
 *
 * @param targets the tensors whose gradients are wanted; one that takes no part gets none
 * @param begin the gradients of the outputs, and sums to which those of the targets are added
 */
export function differentiate<T extends Tensor[]>(
  f: () => T,
  targets: readonly Tensor[],
  begin: (outputs: T) => Totals,
): { outputs: T; totals: Totals } {
  const tape: TapeNode[] = [];
  const outputs = recordTape(() => tf.tidy(f), tape);
  const totals = begin(outputs);
  const fromTargets = reachable(tape, targets);
  for (const node of tape.toReversed()) {
    stepBack(node, totals, fromTargets);
    release(node);
  }
  return { outputs, totals };
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
    const found = asOperation(() => tf.tidy(() => gradientsOf(node, dys, names)));
    for (const [at, name] of names.entries()) addTo(totals, node.inputs[name]!, found[at]!, dys);
  }
  for (const output of node.outputs) {
    totals.get(output.id)?.dispose();
    totals.delete(output.id);
  }
}

function gradientsOf(node: TapeNode, dys: (Tensor | null)[], names: readonly string[]): Tensor[] {
  if (node.gradients) return node.gradients(dys, names);
  if (!node.gradient) throw new Error(`${node.kernelName} has no gradient`);
  // TensorFlow.js' operations ask for a gradient of every output.
  const gradients = node.gradient(dys.map((dy, at) => dy ?? zerosOf(node.outputs[at]!)));
  return names.map((name) => {
    const gradient = gradients[name];
    if (!gradient) throw new Error(`${node.kernelName} has no gradient by its input ${name}`);
    return gradient();
  });
}

function zerosOf({ shape, dtype }: Tensor): Tensor {
  return tf.zeros(shape, dtype);
}

/** A total is this walk's alone, so that it may be changed in place: what is shared is copied by name at first. */
function addTo(totals: Totals, input: Tensor, part: Tensor, dys: readonly (Tensor | null)[]): void {
  const total = totals.get(input.id);
  const passedOn = dys.includes(part);
  if (!total) {
    totals.set(input.id, passedOn ? tf.clone(part) : part);
    return;
  }
  if (accumulateOp.isAvailable() && tf.backend().refCount(total.dataId) === 1) {
    accumulateOp.run({ total, part }, {});
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
