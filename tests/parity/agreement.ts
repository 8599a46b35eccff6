import type { Value } from "../../src/core/call.ts";
import { instantiate } from "../../src/core/instantiate.ts";
import { checkMediaCount } from "../../src/core/mediaCount.ts";
import type { WeightData } from "../../src/core/weight.ts";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { multiply } from "../../src/engine/ops/elementwise.ts";
import { Eager } from "../../src/engine/readings/eager.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import { dispose, keep, sum, type Tensor, tensor, type Variable, variable } from "../../src/engine/tensor.ts";
import type { StoredTensor } from "../../src/weights/storedTensor.ts";
import type { GoldenCase } from "./golden.ts";

/** How far one tensor is from what the reference gives: max|actual − expected| / max|expected|. */
export interface Deviation {
  name: string;
  error: number;
}

/** What became of a case, as its line tells it. */
export interface Outcome {
  good: boolean;
  text: string;
}

/** How far a block of ours is from the reference's. */
export interface Agreement {
  output: Deviation;
  /** One for each input of real numbers and each weight. */
  gradients: Deviation[];
}

/**
 * Computes a case on the open device, forward and backward, and compares.
 * @throws Error if a gradient is missing; FlamingoError MEDIA_COUNT or SHAPE_MISMATCH if the inputs fit no block
 */
export async function compareCase(golden: GoldenCase): Promise<Agreement> {
  const { correspondence, config } = golden;
  checkTags(golden);
  const weights = new Weights(0);
  const held: Tensor[] = [];
  try {
    const forward = instantiate(correspondence.block, config, new Eager(weights)) as unknown as Run;
    weights.load(new Map([...golden.weights].map(([name, stored]) => [name, numbersOf(stored)])), "", "the case");
    const variables = new Map<string, Variable>(weights.all().map(({ name, variable }) => [name, variable]));
    const inputs: Record<string, Value> = {};
    for (const [name, port] of Object.entries(correspondence.inputs)) {
      const real = correspondence.block.inputs[port].dtype === "float32";
      const made = deviceTensor(golden.inputs.get(name)!, real ? "float32" : "int32");
      const input = real ? variable(made) : made;
      held.push(made, ...(input === made ? [] : [input]));
      if (real) variables.set(name, input as Variable);
      inputs[port] = input;
    }
    const cotangent = deviceTensor(golden.cotangent, "float32");
    held.push(cotangent);
    return await differentiate(() => forward(inputs) as Tensor, cotangent, variables, golden);
  } finally {
    dispose(held);
    weights.dispose();
  }
}

type Run = (inputs: Record<string, Value>) => Value;

async function differentiate(
  run: () => Tensor,
  cotangent: Tensor,
  variables: ReadonlyMap<string, Variable>,
  golden: GoldenCase,
): Promise<Agreement> {
  let output: Tensor | undefined;
  const found = valueAndGradients(() => {
    output = keep(run());
    return sum(multiply(output, cotangent));
  }, [...variables.values()]);
  const names = [...variables.keys()];
  try {
    const missing = names.filter((_, at) => found.gradients[at] === null);
    if (missing.length > 0) throw new Error(`no gradient reaches ${missing.join(", ")}`);
    const gradients: Deviation[] = [];
    for (const [at, name] of names.entries())
      gradients.push(await deviation(name, found.gradients[at]!, golden.gradients.get(name)!));
    return { output: await deviation("output", output!, golden.output), gradients };
  } finally {
    dispose([output!, found.value, ...found.gradients.filter((gradient) => gradient !== null)]);
  }
}

async function deviation(name: string, actual: Tensor, expected: StoredTensor): Promise<Deviation> {
  if (String(actual.shape) !== String(expected.shape))
    throw new Error(`${name} has shape [${actual.shape}], the reference gives [${expected.shape}]`);
  return { name, error: relativeError(await actual.data(), numbersOf(expected).data) };
}

/**
 * max|actual − expected| / max|expected|; infinite if a number is not finite, or if all should be 0 and one is not.
 *
 * @param least what max|expected| counts as where it is smaller: a gradient that is 0 but for rounding differs by its own size
 */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>, least = 0): number {
  let difference = 0;
  let size = least;
  for (let at = 0; at < expected.length; at++) {
    const gap = Math.abs(actual[at]! - expected[at]!);
    if (!Number.isFinite(gap)) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, gap);
    size = Math.max(size, Math.abs(expected[at]!));
  }
  return difference === 0 ? 0 : difference / size;
}

/** Tags are counted here as well, since a GPU does not count them: reading would stall it. */
function checkTags({ inputs }: GoldenCase): void {
  const tags = inputs.get("media_locations");
  if (tags) checkMediaCount(numbersOf(tags).data, tags.shape[1]!, inputs.get("media")!.shape[1]!, true);
}

function numbersOf({ shape, data }: StoredTensor): WeightData {
  return { shape, data: data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number>, Number) };
}

function deviceTensor(stored: StoredTensor, dtype: "float32" | "int32"): Tensor {
  const { shape, data } = numbersOf(stored);
  return tensor(dtype === "int32" ? Int32Array.from(data) : data, [...shape], dtype);
}
