import { findBlock, instantiate, type Value } from "../../src/core/block.ts";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { multiply } from "../../src/engine/ops/elementwise.ts";
import { Eager } from "../../src/engine/readings/eager.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import { dispose, keep, sum, type Tensor, tensor } from "../../src/engine/tensor.ts";
import { type Numbers, toTheirs } from "../../src/weights/nameMap.ts";
import type { Agreement, Deviation } from "./agreement.ts";
import { type FamilyCase, numbersOf } from "./familyCase.ts";

/** Gradients that are this much smaller than the largest of the case are compared as if they had this size: they are rounding. */
const least = 1e-3;

/** Computes a case on the open device, forward and backward, and compares. */
export async function compareFamily({ model, weights: numbers, inputs, expected }: FamilyCase): Promise<Agreement> {
  const weights = new Weights(0);
  const ids = numbersOf(inputs.get("input_ids")!);
  const held: Tensor[] = [tensor(Int32Array.from(ids.data), [...ids.shape], "int32")];
  const cotangent = numbersOf(inputs.get("cotangent")!);
  held.push(tensor(cotangent.data, [...cotangent.shape]));
  const mask = inputs.get("attention_mask");
  try {
    const forward = instantiate(
      findBlock(model.block.type)!,
      { ...model.block.config, frozen: false },
      new Eager(weights),
    ) as unknown as (inputs: Record<string, Value>) => Value;
    weights.load(numbers, "", "the case");
    const learnt = weights.trainable();
    let output: Tensor | undefined;
    const { value, gradients } = valueAndGradients(
      () => {
        output = keep(forward({ ids: held[0]! }) as Tensor);
        return sum(multiply(output, held[1]!));
      },
      learnt.map(({ variable }) => variable),
    );
    held.push(value, output!, ...gradients.filter((gradient) => gradient !== null));
    const found = new Map<string, Numbers>();
    for (const [at, { name, shape }] of learnt.entries()) {
      const gradient = gradients[at];
      if (!gradient) throw new Error(`no gradient reaches ${name}`);
      found.set(name, { shape, data: (await gradient.data()) as Float32Array });
    }
    const theirs = new Map(model.weights.map((each) => [each.theirs, toTheirs(each, (name) => found.get(name)!)]));
    return {
      output: outputDeviation(
        (await output!.data()) as Float32Array,
        numbersOf(expected.get("logits")!),
        mask && numbersOf(mask),
      ),
      gradients: gradientDeviations(theirs, expected as never),
    };
  } finally {
    dispose(held);
    weights.dispose();
  }
}

/** Of the positions that are no padding. */
function outputDeviation(actual: Float32Array, expected: Numbers, mask: Numbers | undefined): Deviation {
  const width = expected.shape.at(-1)!;
  let [difference, largest] = [0, 0];
  for (let at = 0; at < expected.data.length; at++) {
    if (mask && mask.data[Math.floor(at / width)] === 0) continue;
    difference = Math.max(difference, distance(actual[at]!, expected.data[at]!));
    largest = Math.max(largest, Math.abs(expected.data[at]!));
  }
  return { name: "logits", error: difference / largest };
}

function gradientDeviations(actual: ReadonlyMap<string, Numbers>, expected: ReadonlyMap<string, never>): Deviation[] {
  const stored = [...expected].flatMap(([name, each]) =>
    name.startsWith("grad.") ? [[name.slice("grad.".length), numbersOf(each)] as const] : [],
  );
  const largestOf = ({ data }: Numbers) => data.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  const ofAll = Math.max(...stored.map(([, each]) => largestOf(each)));
  return stored.map(([name, each]) => {
    const found = actual.get(name);
    if (!found) throw new Error(`expected.safetensors has grad.${name}, which nothing here has`);
    const difference = each.data.reduce((most, number, at) => Math.max(most, distance(found.data[at]!, number)), 0);
    return { name, error: difference / Math.max(largestOf(each), least * ofAll) };
  });
}

/** Infinite where a number is not finite. */
function distance(a: number, b: number): number {
  const gap = Math.abs(a - b);
  return Number.isFinite(gap) ? gap : Number.POSITIVE_INFINITY;
}
