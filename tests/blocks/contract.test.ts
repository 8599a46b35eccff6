import { beforeAll, describe, expect, test } from "vitest";
import { NfNet } from "../../src/blocks/nfnet.ts";
import type { AnyBlock } from "../../src/core/block.ts";
import { Random } from "../../src/core/random.ts";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { countTensors } from "../../src/engine/memory.ts";
import { assignNumbers } from "../../src/engine/readings/weights.ts";
import { dispose, type Tensor, tidy, type Variable } from "../../src/engine/tensor.ts";
import { Flamingo } from "../../src/models/flamingo.ts";
import { describeDevices } from "../devices.ts";
import {
  allBits,
  type Computed,
  checkOpened,
  checkSeeds,
  checkShapes,
  compare,
  composites,
  compute,
  everyBlock,
  lossOf,
  withNumbers,
} from "./contract.ts";
import { exampleInputs, LiveBlock, realInputs } from "./liveBlock.ts";

/** All but the whole model, whose parts are here: it is slow where it is computed often or on an emulated GPU. */
const notTheWhole = withNumbers.filter(([, definition]) => definition !== Flamingo);

/** Without the network of ninety weights either, each of which is computed eight times: its blocks are here, and its own parity case. */
const differentiable = notTheWhole.filter(([, definition]) => definition !== NfNet);

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

test.each(everyBlock.filter(([, { mixture }]) => mixture))(
  "%s, which is a mixture, is the sum of its inputs, each times its weight",
  async (_, definition) => {
    await openDevice("cpu");
    const block = new LiveBlock(definition);
    const { weights } = definition.mixture!(block.config);
    const inputs = exampleInputs(definition, block.config);
    expect(Object.keys(inputs).sort()).toEqual(Object.keys(weights).sort());
    const [output] = Object.values(tidy(() => block.run(inputs)));
    let expected = 0;
    for (const [name, input] of Object.entries(inputs)) expected += weights[name]! * (await input.data())[0]!;
    expect((await output!.data())[0]).toBeCloseTo(expected, 5);
    dispose([output!, ...Object.values(inputs)]);
    block.dispose();
  },
);

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
  test.each(everyBlock)("%s gives the shapes and number types that it declares, and leaks nothing", (_, definition) =>
    checkShapes(definition),
  );

  test.each(device === "webgpu" ? notTheWhole : withNumbers)(
    "%s computes, forward and backward, what the reference device computes",
    async (name, definition) => {
      const before = countTensors();
      const computed = await compute(definition);
      expect(countTensors()).toBe(before);
      const errors = compare(computed, references.get(name)!);
      for (const { name: each, error } of errors) expect(error, each).toBeLessThan(device === "webgpu" ? 1e-3 : 1e-4);
    },
  );

  test.each(everyBlock)("%s gives the same bits for the same seed, and others for another", (_, definition) =>
    checkSeeds(definition),
  );

  test.each(composites)("%s, opened and carried out node by node, gives the very same bits", (_, definition) =>
    checkOpened(definition),
  );

  if (device !== "cpu") return;
  test.each(differentiable)("%s has the gradients that central differences find", (_, definition) => {
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
