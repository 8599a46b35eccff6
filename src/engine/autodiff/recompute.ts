import * as tf from "@tensorflow/tfjs";
import type { Tensor, Variable } from "../tensor.ts";
import { differentiate, type Totals } from "./tape.ts";
import { appendToTape, isRecording, unrecorded } from "./tfjsInternals.ts";

type Tensors = Record<string, Tensor>;

/**
 * Gradient checkpointing: computes f(inputs) and keeps no more than the inputs for the backward pass, which computes f
 * once more to learn what lay between. Values and gradients are those of f to the last bit.
 *
 * A chain of n such functions holds the inputs of all of them and the inside of one, for the price of a second forward
 * pass.
 *
 * @param f gives new tensors, and the same ones each time; depends on its inputs and the variables only
 * @param variables all that get a gradient from inside f
 * @see Chen et al. 2016, Training deep nets with sublinear memory cost, arXiv:1604.06174
 */
export function recomputed(f: (inputs: Tensors) => Tensors, inputs: Tensors, variables: readonly Variable[]): Tensors {
  if (!isRecording()) return f(inputs);
  const results = unrecorded(() => tf.tidy(() => f(inputs)));
  const outputs = Object.values(results);
  const copies = unrecorded(() => copiesOf(Object.values(inputs)));
  const inside = (tensor: Tensor) => copies.get(tensor) ?? tensor;
  const weights = Object.fromEntries(variables.map((variable, at) => [`weights.${at}`, variable]));
  const sources: Tensors = { ...inputs, ...weights };
  appendToTape({
    kernelName: "Recompute",
    inputs: sources,
    outputs,
    saved: [...copies.values()],
    addGradients(totals, names) {
      const targets = [...new Set(names.map((name) => sources[name]!))];
      const stand = targets.map(inside);
      const again = () =>
        Object.values(f(Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, inside(input)]))));
      const sums = tf.tidy(() => {
        // Sums depend on their order: the sums inside begin with the totals so far, as they would without recomputation.
        const begin = (fresh: Tensor[]) => renamed(totals, [...outputs, ...targets], [...fresh, ...stand]);
        const found = differentiate(again, stand, begin).totals;
        return stand.map(({ id }) => found.get(id) ?? null) as Tensor[];
      });
      for (const [at, { id }] of targets.entries()) if (sums[at]) totals.set(id, sums[at]);
    },
  });
  return results;
}

/** A second name for each tensor, which stays until it is disposed. A variable stays anyway. */
function copiesOf(tensors: readonly Tensor[]): Map<Tensor, Tensor> {
  const passing = [...new Set(tensors)].filter((tensor) => !(tensor instanceof tf.Variable));
  return new Map(passing.map((tensor) => [tensor, tf.keep(tf.clone(tensor))]));
}

/** The totals of some tensors, as those of the tensors that stand for them. */
function renamed(totals: Totals, tensors: readonly Tensor[], stand: readonly Tensor[]): Totals {
  const pairs = tensors.map(({ id }, at) => [stand[at]!.id, totals.get(id)] as const);
  return new Map(pairs.filter((pair): pair is readonly [number, Tensor] => pair[1] !== undefined));
}
