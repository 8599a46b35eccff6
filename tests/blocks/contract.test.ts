import { beforeAll, describe, expect, test } from "vitest";
import { DecoderLayer } from "../../src/blocks/decoderLayer.ts";
import { type AnyBlock, parseConfig } from "../../src/core/block.ts";
import type { Ports } from "../../src/core/port.ts";
import { Random } from "../../src/core/random.ts";
import { sizeOf, type TracedGraph, trace } from "../../src/core/trace.ts";
import { add } from "../../src/engine/add.ts";
import { openDevice } from "../../src/engine/device.ts";
import { valueAndGradients } from "../../src/engine/gradients.ts";
import { countTensors } from "../../src/engine/memory.ts";
import { multiply } from "../../src/engine/multiply.ts";
import { dispose, sum, type Tensor, tensor, tidy, type Variable } from "../../src/engine/tensor.ts";
import { assignNumbers, type Weights } from "../../src/engine/weights.ts";
import { Flamingo } from "../../src/models/flamingo.ts";
import { models } from "../../src/models/index.ts";
import { describeDevices } from "../devices.ts";
import { relativeError } from "../parity/agreement.ts";
import { bitsOf, exampleInputs, exampleShapes, LiveBlock, type Outputs, realInputs } from "./liveBlock.ts";

const llama = { ...DecoderLayer.example, norm: "rms", activation: "swiglu", rotary: true } as const;

const everyBlock: (readonly [string, AnyBlock])[] = [
  ...models.map((block) => [block.name, block] as const),
  ["DecoderLayer as in LLaMA", { ...(DecoderLayer as AnyBlock), example: llama }],
];
const withNumbers = everyBlock.filter(([, { outputs }]) =>
  Object.values(outputs as Ports).some(({ dtype }) => dtype === "float32"),
);
/** All but the whole model, whose parts are here: it is slow where it is computed often or on an emulated GPU. */
const notTheWhole = withNumbers.filter(([, definition]) => definition !== Flamingo);
const composites = everyBlock.filter(([, block]) => block.kind === "composite");

/** Σ outputs · fixed numbers: a loss to which every number counts differently. */
function lossOf(outputs: Outputs): Tensor {
  const parts = Object.entries(outputs).map(([port, value]) => {
    const numbers = new Random(5).fork(port).normals(sizeOf(value));
    return sum(multiply(value, tensor(numbers, value.shape)));
  });
  return parts.reduce((total, part) => add(total, part));
}

/** Carries a traced graph out, node by node: each node's outputs feed the next. */
function runTraced(graph: TracedGraph, inputs: Record<string, Tensor>, weights: Weights): Outputs {
  const made = new Map<string, Outputs>();
  const valueAt = ({ node, port }: { node?: string; port: string }) =>
    node === undefined ? inputs[port]! : made.get(node)![port]!;
  for (const { id, type, config, inputs: sources } of graph.nodes) {
    const definition = models.find(({ name }) => name === type)!;
    const block = new LiveBlock(definition, { config, weights, path: id.split("#")[0]! });
    const given = Object.entries(sources).map(([port, source]) => [port, valueAt(source)]);
    made.set(id, block.run(Object.fromEntries(given)));
  }
  return Object.fromEntries(Object.entries(graph.outputs).map(([port, source]) => [port, valueAt(source)]));
}

async function allBits(outputs: Outputs): Promise<Record<string, number[]>> {
  const bits: Record<string, number[]> = {};
  for (const [port, value] of Object.entries(outputs)) bits[port] = await bitsOf(value);
  return bits;
}

const shapesOf = (values: Record<string, { shape: readonly number[] }>) =>
  Object.fromEntries(Object.entries(values).map(([port, { shape }]) => [port, [...shape]]));

/** What a block makes of its example: outputs, and gradients by the weights that learn and by real inputs. */
interface Computed {
  outputs: Record<string, ArrayLike<number>>;
  /** Undefined where no gradient arrives. */
  gradients: Map<string, ArrayLike<number> | undefined>;
  weights: readonly string[];
}

async function compute(definition: AnyBlock): Promise<Computed> {
  const block = new LiveBlock(definition).shake().openGates();
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

const references = new Map<string, Computed>();

beforeAll(async () => {
  await openDevice("cpu");
  for (const [name, definition] of withNumbers) references.set(name, await compute(definition));
});

describe("every block on the reference device", () => {
  test.each(withNumbers)(
    "%s gives a gradient to every weight that learns, and to what it looks at",
    async (name, definition) => {
      const { gradients, weights } = references.get(name)!;
      for (const weight of weights) expect(gradients.get(weight), weight).toBeDefined();
      for (const [each, gradient] of gradients) {
        if (gradient) expect(Array.from(gradient).every(Number.isFinite), each).toBe(true);
        // Of some inputs only the sizes count: then other numbers give the same outputs.
        const counts = gradient ? Array.from(gradient).some((number) => number !== 0) : false;
        if (!counts) await expectNoInfluence(definition, each.slice("input ".length));
      }
    },
  );
});

/** Outputs do not change with the numbers of an input. */
async function expectNoInfluence(definition: AnyBlock, port: string): Promise<void> {
  await openDevice("cpu");
  const block = new LiveBlock(definition).shake().openGates();
  const inputs = exampleInputs(definition, block.config);
  expect(inputs).toHaveProperty(port);
  const before = await allBits(tidy(() => block.run(inputs)));
  setNumbers(inputs[port] as Variable, new Float32Array(inputs[port]!.size).fill(0.5));
  expect(await allBits(tidy(() => block.run(inputs)))).toEqual(before);
}

describeDevices("every block", (device) => {
  test.each(everyBlock)("%s gives the shapes and number types that it declares, and leaks nothing", (_, definition) => {
    const before = countTensors();
    const block = new LiveBlock(definition);
    const inputs = exampleInputs(definition, block.config);
    const made = countTensors();
    tidy(() => {
      const outputs = block.run(inputs);
      expect(shapesOf(outputs)).toEqual(exampleShapes(definition, block.config, "outputs"));
      for (const [port, value] of Object.entries(outputs)) expect(value.dtype).toBe(definition.outputs[port].dtype);
    });
    expect(countTensors()).toBe(made);
    dispose(Object.values(inputs));
    block.dispose();
    expect(countTensors()).toBe(before);
  });

  test.each(device === "webgpu" ? notTheWhole : withNumbers)(
    "%s computes, forward and backward, what the reference device computes",
    async (name, definition) => {
      const before = countTensors();
      const { outputs, gradients } = await compute(definition);
      expect(countTensors()).toBe(before);
      const expected = references.get(name)!;
      const bound = device === "webgpu" ? 1e-3 : 1e-4;
      for (const port of Object.keys(outputs))
        expect(relativeError(outputs[port]!, expected.outputs[port]!), port).toBeLessThan(bound);
      for (const [each, gradient] of gradients) {
        const wanted = expected.gradients.get(each);
        if (gradient && wanted) expect(relativeError(gradient, wanted), each).toBeLessThan(bound);
        else expect(gradient, each).toBe(wanted);
      }
    },
  );

  test.each(everyBlock)("%s gives the same bits for the same seed, and others for another", async (_, definition) => {
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
    expect((await bitsFor(1)).bits).toEqual(first.bits);
    if (first.random) expect((await bitsFor(2)).bits).not.toEqual(first.bits);
    dispose(Object.values(inputs));
  });

  test.each(composites)("%s, opened and carried out node by node, gives the very same bits", async (_, definition) => {
    const block = new LiveBlock(definition).shake().openGates();
    const inputs = exampleInputs(definition, block.config);
    const graph = trace(definition, block.config, exampleShapes(definition, block.config, "inputs"));
    const [whole, parts] = tidy(() => {
      const outputs = block.run(inputs);
      return [outputs, runTraced(graph, inputs, block.weights)];
    });
    expect(await allBits(parts)).toEqual(await allBits(whole));
    dispose([...Object.values(whole), ...Object.values(parts), ...Object.values(inputs)]);
    block.dispose();
  });

  if (device !== "cpu") return;
  test.each(notTheWhole)("%s has the gradients that central differences find", (_, definition) => {
    const block = new LiveBlock(definition).shake().openGates();
    const inputs = exampleInputs(definition, block.config);
    const weights = block.weights.trainable().map(({ name, variable }) => [name, variable] as const);
    const named = [...weights, ...realInputs(inputs)];
    const { gradients } = valueAndGradients(
      () => lossOf(block.run(inputs)),
      named.map(([, variable]) => variable),
    );
    for (const [at, [name, variable]] of named.entries()) {
      const gradient = gradients[at]?.dataSync() ?? new Float32Array(variable.size);
      for (const direction of directions(gradient)) {
        const found = slope(() => lossOf(block.run(inputs)), variable, direction);
        const expected = direction.reduce((total, each, index) => total + each * gradient[index]!, 0);
        expect(Math.abs(found - expected), name).toBeLessThan(0.01 * norm(gradient) + 0.002);
      }
    }
  });
});

/** How fast a loss grows along a direction, by central differences. */
function slope(loss: () => Tensor, variable: Variable, direction: Float32Array): number {
  const start = Float32Array.from(variable.dataSync());
  const at = (step: number) => {
    setNumbers(
      variable,
      start.map((number, index) => number + step * direction[index]!),
    );
    return tidy(() => loss().dataSync()[0]!);
  };
  const step = 0.005;
  const found = (at(step) - at(-step)) / (2 * step);
  setNumbers(variable, start);
  return found;
}

/** Two directions of length 1: along the gradient, which shows a wrong size, and at random, which shows a wrong one. */
function directions(gradient: ArrayLike<number>): Float32Array[] {
  const random = new Random(7).normals(gradient.length);
  return [Float32Array.from(gradient), random]
    .filter((direction) => norm(direction) > 0)
    .map((direction) => direction.map((each) => each / norm(direction)));
}

function norm(numbers: ArrayLike<number>): number {
  return Math.hypot(...Array.from(numbers));
}

function setNumbers(variable: Variable, data: Float32Array): void {
  assignNumbers(variable, { shape: variable.shape, data });
}
