import assert from "node:assert/strict";
import { DecoderLayer } from "../../src/blocks/decoderLayer.ts";
import type { AnyBlock } from "../../src/core/block.ts";
import { parseConfig } from "../../src/core/config.ts";
import { describeWeights } from "../../src/core/describeWeights.ts";
import type { Ports } from "../../src/core/port.ts";
import { Random } from "../../src/core/random.ts";
import { findBlock } from "../../src/core/registry.ts";
import { sizeOf } from "../../src/core/shape.ts";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { countTensors } from "../../src/engine/memory.ts";
import { add, multiply } from "../../src/engine/ops/elementwise.ts";
import { dispose, sum, type Tensor, tensor, tidy } from "../../src/engine/tensor.ts";
import { graphBlock } from "../../src/graph/graphBlock.ts";
import { trace } from "../../src/graph/trace.ts";
import { models } from "../../src/models/index.ts";
import { type Deviation, relativeError } from "../parity/agreement.ts";
import { bitsOf, exampleInputs, exampleShapes, LiveBlock, type Outputs, realInputs } from "./liveBlock.ts";

// What every block promises, as functions that throw: the test runner calls them, and so does a machine with a GPU and no test runner.

const rms = { type: "RmsNorm" };
const llama = {
  ...{ dim: 8, heads: 2, headDim: 4, norm: rms, attention: { type: "RotaryAttention" } },
  feedForward: { type: "SwiGluFeedForward", config: { mult: 2, norm: rms } },
};

export const everyBlock: (readonly [string, AnyBlock])[] = [
  ...models.map((block) => [block.name, block] as const),
  ["DecoderLayer as in LLaMA", { ...(DecoderLayer as AnyBlock), example: llama }],
];
/** Those that give real numbers, and so have gradients. */
export const withNumbers = everyBlock.filter(([, { outputs }]) =>
  Object.values(outputs as Ports).some(({ dtype }) => dtype === "float32"),
);
export const composites = everyBlock.filter(([, block]) => block.kind === "composite");

/** Σ outputs · fixed numbers: a loss to which every number counts differently. */
export function lossOf(outputs: Outputs): Tensor {
  const parts = Object.entries(outputs).map(([port, value]) => {
    const numbers = new Random(5).fork(port).normals(sizeOf(value));
    return sum(multiply(value, tensor(numbers, value.shape)));
  });
  return parts.reduce((total, part) => add(total, part));
}

export async function allBits(outputs: Outputs): Promise<Record<string, number[]>> {
  const bits: Record<string, number[]> = {};
  for (const [port, value] of Object.entries(outputs)) bits[port] = await bitsOf(value);
  return bits;
}

const shapesOf = (values: Record<string, { shape: readonly number[] }>) =>
  Object.fromEntries(Object.entries(values).map(([port, { shape }]) => [port, [...shape]]));

/** What a block makes of its example: outputs, and gradients by the weights that learn and by real inputs. */
export interface Computed {
  outputs: Record<string, ArrayLike<number>>;
  /** Undefined where no gradient arrives. */
  gradients: Map<string, ArrayLike<number> | undefined>;
  weights: readonly string[];
}

/** Computes them on the device that is open, of the block's example or of a configuration that starts as training does. */
export async function compute(definition: AnyBlock, config?: Record<string, unknown>): Promise<Computed> {
  const block = config ? new LiveBlock(definition, { config }) : new LiveBlock(definition).shake();
  block.openGates();
  const inputs = exampleInputs(definition, block.config);
  const weights = block.weights.trainable().map(({ name, variable }) => [name, variable] as const);
  const named = [...weights, ...realInputs(inputs).map(([port, each]) => [`input ${port}`, each] as const)];
  const results = tidy(() => block.run(inputs));
  const { value, gradients } = valueAndGradients(
    () => lossOf(block.run(inputs)),
    named.map(([, variable]) => variable),
  );
  const computed: Computed = { outputs: {}, gradients: new Map(), weights: weights.map(([name]) => name) };
  for (const [port, result] of Object.entries(results)) computed.outputs[port] = await result.data();
  for (const [at, [name]] of named.entries()) computed.gradients.set(name, await gradients[at]?.data());
  const found = gradients.filter((gradient) => gradient !== null);
  dispose([value, ...found, ...Object.values(results), ...Object.values(inputs)]);
  block.dispose();
  return computed;
}

/**
 * How far outputs and gradients are from the reference's.
 * @throws AssertionError if there is a gradient here and none there
 */
export function compare(actual: Computed, expected: Computed): Deviation[] {
  const outputs = Object.entries(actual.outputs).map(([name, output]) => ({
    name,
    error: relativeError(output, expected.outputs[name]!),
  }));
  // Keys' biases, for one, have gradients that are 0 but for rounding: softmax does not see what all keys have in common.
  const least = 1e-3 * Math.max(...[...expected.gradients.values()].map((gradient) => largest(gradient ?? [])));
  const gradients = [...actual.gradients].map(([name, gradient]) => {
    const wanted = expected.gradients.get(name);
    if (gradient && wanted) return { name, error: relativeError(gradient, wanted, least) };
    assert.equal(gradient, wanted, name);
    return { name, error: 0 };
  });
  return [...outputs, ...gradients];
}

function largest(numbers: ArrayLike<number>): number {
  return Array.from(numbers).reduce((most, number) => Math.max(most, Math.abs(number)), 0);
}

/** A block gives the shapes and number types that it declares, and leaks nothing. */
export function checkShapes(definition: AnyBlock): void {
  const before = countTensors();
  const block = new LiveBlock(definition);
  const inputs = exampleInputs(definition, block.config);
  const made = countTensors();
  tidy(() => {
    const outputs = block.run(inputs);
    assert.deepEqual(shapesOf(outputs), exampleShapes(definition, block.config, "outputs"));
    for (const [port, value] of Object.entries(outputs)) assert.equal(value.dtype, definition.outputs[port].dtype);
  });
  assert.equal(countTensors(), made);
  dispose(Object.values(inputs));
  block.dispose();
  assert.equal(countTensors(), before);
}

/** A block gives the same bits for the same seed, and others for another. */
export async function checkSeeds(definition: AnyBlock): Promise<void> {
  const inputs = exampleInputs(definition, parseConfig(definition, definition.example));
  const bitsFor = async (seed: number) => {
    const block = new LiveBlock(definition, { seed }).openGates();
    const outputs = tidy(() => block.run(inputs));
    const bits = await allBits(outputs);
    const random = block.weights.all().some(({ initial }) => initial.kind === "normal" || initial.kind === "uniform");
    dispose(Object.values(outputs));
    block.dispose();
    return { bits, random };
  };
  const first = await bitsFor(1);
  assert.deepEqual((await bitsFor(1)).bits, first.bits);
  if (first.random) assert.notDeepEqual((await bitsFor(2)).bits, first.bits);
  dispose(Object.values(inputs));
}

/** A composite block, opened and run as the graph that it is, gives the very same bits under the same names of weights. */
export async function checkOpened(definition: AnyBlock): Promise<void> {
  const block = new LiveBlock(definition).shake().openGates();
  const inputs = exampleInputs(definition, block.config);
  const opened = graphBlock("Opened", trace(definition, block.config), findBlock);
  const graph = new LiveBlock(opened, { weights: block.weights });
  const names = (each: AnyBlock, config: Record<string, unknown>) =>
    describeWeights(each, config).map(({ name, frozen, group }) => ({ name, frozen, group }));
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  assert.deepEqual(names(opened, {}).sort(byName), names(definition, block.config).sort(byName));
  const [whole, parts] = tidy(() => [block.run(inputs), graph.run(inputs)]);
  assert.deepEqual(await allBits(parts), await allBits(whole));
  dispose([...Object.values(whole), ...Object.values(parts), ...Object.values(inputs)]);
  block.dispose();
}
