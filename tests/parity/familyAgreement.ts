import type { Value } from "../../src/core/call.ts";
import { instantiate } from "../../src/core/instantiate.ts";
import { findBlock } from "../../src/core/registry.ts";
import type { SlotInput } from "../../src/core/slot.ts";
import type { WeightData } from "../../src/core/weight.ts";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { multiply } from "../../src/engine/ops/elementwise.ts";
import { Eager } from "../../src/engine/readings/eager.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import { dispose, keep, sum, type Tensor, tensor } from "../../src/engine/tensor.ts";
import { type NameMap, toTheirs } from "../../src/weights/nameMap.ts";
import type { Agreement, Deviation } from "./agreement.ts";
import { type FamilyCase, numbersOf } from "./familyCase.ts";
import { familyPorts } from "./familyPorts.ts";

/** Gradients that are this much smaller than the largest of the case are compared as if they had this size: they are rounding. */
const least = 1e-3;

/** Computes a case on the open device, forward and backward, and compares. */
export async function compareFamily({ model, weights: numbers, inputs, expected }: FamilyCase): Promise<Agreement> {
  const weights = new Weights(0);
  const block = findBlock(model.block.type)!;
  const ports = familyPorts[block.name]!;
  const given = ports.inputs(inputs);
  const held: Tensor[] = Object.values(given);
  const mask = inputs.get("attention_mask");
  try {
    const forward = instantiate(block, forwardConfig(model), new Eager(weights)) as unknown as (
      inputs: Record<string, Value>,
    ) => Tensor | Record<string, Tensor>;
    weights.load(numbers, "", "the case");
    const wanted = new Set(expected.keys());
    const learnt = weights.trainable().filter(({ name }) => isWanted(model.weights, name, wanted));
    let outputs: Record<string, Tensor> = {};
    const { value, gradients } = valueAndGradients(
      () => {
        const results = forward(given);
        const named = isTensor(results) ? { [Object.keys(block.outputs)[0]!]: results } : results;
        outputs = ports.outputs(named, inputs);
        for (const output of Object.values(outputs)) keep(output);
        const [main] = Object.values(outputs);
        const { shape, data } = numbersOf(inputs.get("cotangent")!);
        return sum(multiply(main!, tensor(data, [...shape])));
      },
      learnt.map(({ variable }) => variable),
    );
    held.push(value, ...Object.values(outputs), ...gradients.filter((gradient) => gradient !== null));
    const found = new Map<string, WeightData>();
    for (const [at, { name, shape }] of learnt.entries()) {
      const gradient = gradients[at];
      if (!gradient) throw new Error(`no gradient reaches ${name}`);
      found.set(name, { shape, data: (await gradient.data()) as Float32Array });
    }
    const theirs = new Map(
      model.weights.flatMap((each) =>
        wanted.has(`grad.${each.theirs}`) ? [[each.theirs, toTheirs(each, (name) => found.get(name)!)] as const] : [],
      ),
    );
    const deviations: Deviation[] = [];
    for (const [name, output] of Object.entries(outputs)) {
      const actual = (await output.data()) as Float32Array;
      deviations.push(outputDeviation(name, actual, numbersOf(expected.get(name)!), mask && numbersOf(mask)));
    }
    return {
      output: deviations.reduce((worst, each) => (each.error > worst.error ? each : worst)),
      gradients: gradientDeviations(theirs, expected as never),
    };
  } finally {
    dispose(held);
    weights.dispose();
  }
}

/**
 * The configuration for a forward pass of the library that is told no positions: it numbers GPT-2's with the padding then, and without it
 * where it generates.
 */
function forwardConfig({ family, block }: FamilyCase["model"]): Record<string, unknown> {
  const config = trained(block.config);
  if (family.modelType !== "gpt2") return config;
  const positions = config.positions as SlotInput;
  return { ...config, positions: { ...positions, config: { ...positions.config, counts: "positions" } } };
}

/** The configuration with nothing frozen, so that every weight has its gradient. */
function trained(config: Record<string, unknown> = {}): Record<string, unknown> {
  if ("vocabulary" in config) return { ...config, frozen: false };
  const { languageModel } = config as { languageModel?: SlotInput };
  if (!languageModel) return config;
  return { ...config, languageModel: { ...languageModel, config: trained(languageModel.config) } };
}

/** Whether the case has the gradient of a weight, alone or with others in one tensor. */
function isWanted(names: NameMap, weight: string, expected: ReadonlySet<string>): boolean {
  return names.some(({ theirs, ours }) => ours.includes(weight) && expected.has(`grad.${theirs}`));
}

/** Of the positions that are no padding. */
function outputDeviation(
  name: string,
  actual: Float32Array,
  expected: WeightData,
  mask: WeightData | undefined,
): Deviation {
  const width = expected.shape.at(-1)!;
  let [difference, largest] = [0, 0];
  for (let at = 0; at < expected.data.length; at++) {
    if (mask && mask.data[Math.floor(at / width)] === 0) continue;
    difference = Math.max(difference, distance(actual[at]!, expected.data[at]!));
    largest = Math.max(largest, Math.abs(expected.data[at]!));
  }
  return { name, error: difference / largest };
}

function gradientDeviations(
  actual: ReadonlyMap<string, WeightData>,
  expected: ReadonlyMap<string, never>,
): Deviation[] {
  const stored = [...expected].flatMap(([name, each]) =>
    name.startsWith("grad.") ? [[name.slice("grad.".length), numbersOf(each)] as const] : [],
  );
  const largestOf = ({ data }: WeightData) => data.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  const ofAll = Math.max(...stored.map(([, each]) => largestOf(each)));
  return stored.map(([name, each]) => {
    const found = actual.get(name);
    if (!found) throw new Error(`expected.safetensors has grad.${name}, which nothing here has`);
    const difference = each.data.reduce((most, number, at) => Math.max(most, distance(found.data[at]!, number)), 0);
    return { name, error: difference / Math.max(largestOf(each), least * ofAll) };
  });
}

function isTensor(results: Tensor | Record<string, Tensor>): results is Tensor {
  return Array.isArray(results.shape);
}

/** Infinite where a number is not finite. */
function distance(a: number, b: number): number {
  const gap = Math.abs(a - b);
  return Number.isFinite(gap) ? gap : Number.POSITIVE_INFINITY;
}
