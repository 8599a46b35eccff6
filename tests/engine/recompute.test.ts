import fc from "fast-check";
import { expect, test } from "vitest";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { recomputed } from "../../src/engine/autodiff/recompute.ts";
import { countTensors, memoryUse, resetPeak } from "../../src/engine/memory.ts";
import { gelu } from "../../src/engine/ops/activations.ts";
import { gatedAdd } from "../../src/engine/ops/elementwise.ts";
import { linear } from "../../src/engine/ops/matMul.ts";
import { layerNorm } from "../../src/engine/ops/norms.ts";
import * as tf from "../../src/engine/tensor.ts";
import { describeDevices } from "../devices.ts";
import { seed, tries } from "./agreement.ts";
import { numbers, tensorOf } from "./numbers.ts";

type Tensors = Record<string, tf.Tensor>;

interface Case {
  rows: number;
  width: number;
  depth: number;
  seed: number;
}

/** Layers that each add to x what they make of it and of what all of them see. */
function makeStack({ rows, width, depth, seed }: Case) {
  const variableOf = (shape: number[], at: number) => tf.tidy(() => tf.variable(tensorOf(numbers(shape, seed + at))));
  const layers = Array.from({ length: depth }, (_, at) => ({
    up: variableOf([4 * width, width], 10 * at + 1),
    down: variableOf([width, 4 * width], 10 * at + 2),
    gate: variableOf([1], 10 * at + 3),
    idle: variableOf([width], 10 * at + 4),
  }));
  const ends = [variableOf([rows, width], 5), variableOf([rows, width], 6)] as const;
  const variables = [...ends, ...layers.flatMap((layer) => Object.values(layer))];
  const loss = (checkpointing: boolean) => () => {
    let [x, seen]: [tf.Tensor, tf.Tensor] = [gelu(ends[0]), gelu(ends[1])];
    for (const { up, down, gate, idle } of layers) {
      const forward = ({ x, seen }: Tensors): Tensors =>
        tf.tidy(() => ({ y: gatedAdd(x!, linear(gelu(linear(layerNorm(x!).add(seen!), up)), down), gate) }));
      const weights = [up, down, gate, idle];
      x = tf.tidy(() => (checkpointing ? recomputed(forward, { x, seen }, weights) : forward({ x, seen }))).y!;
    }
    return tf.sum(tf.square(x));
  };
  return { loss, variables };
}

/** Value and gradients as bits, with what was held at most on the way. */
async function differentiate({ loss, variables }: ReturnType<typeof makeStack>, checkpointing: boolean) {
  const { bytes } = memoryUse();
  resetPeak();
  const { value, gradients } = valueAndGradients(loss(checkpointing), variables);
  const peak = memoryUse().peakBytes - bytes;
  const found = [value, ...gradients];
  const bits = await Promise.all(found.map(async (one) => one && Array.from(await one.data())));
  tf.dispose(found.filter((one) => one !== null));
  return { bits, peak };
}

describeDevices("layers that are computed again", (device) => {
  const cases = fc.record({
    rows: fc.constantFrom(1, 3, 20),
    width: fc.constantFrom(1, 4, 9),
    depth: fc.constantFrom(1, 2, 5),
    seed,
  });

  test("give the same loss and gradients to the last bit, and leave no tensor behind", () =>
    fc.assert(
      fc.asyncProperty(cases, async (drawn) => {
        const stack = makeStack(drawn);
        const before = countTensors();
        const plain = await differentiate(stack, false);
        const again = await differentiate(stack, true);
        expect(again.bits).toEqual(plain.bits);
        expect(plain.bits.filter((bits) => bits === null)).toHaveLength(drawn.depth); // what is idle stays without
        expect(countTensors()).toBe(before);
        tf.dispose(stack.variables);
      }),
      tries(device),
    ));

  test("hold less the deeper the stack: the inside of one layer, not of all", async () => {
    const held = async (depth: number, checkpointing: boolean) => {
      const stack = makeStack({ rows: 64, width: 8, depth, seed: 1 });
      const { peak } = await differentiate(stack, checkpointing);
      tf.dispose(stack.variables);
      return peak;
    };
    const grown = async (checkpointing: boolean) => (await held(8, checkpointing)) - (await held(4, checkpointing));
    expect(await held(8, true)).toBeLessThan(0.5 * (await held(8, false)));
    expect(await grown(true)).toBeLessThan(0.25 * (await grown(false)));
  });

  test("fail as they would, and leave no tensor and no tape behind", () => {
    const { variables } = makeStack({ rows: 2, width: 2, depth: 1, seed: 1 });
    const before = countTensors();
    let calls = 0;
    for (const failing of [1, 2]) {
      calls = 0;
      const f = ({ x }: Tensors): Tensors => {
        const y = tf.square(gelu(x!));
        if (++calls === failing) throw new Error("on purpose");
        return { y };
      };
      const loss = () => tf.sum(recomputed(f, { x: gelu(variables[0]!) }, []).y!);
      expect(() => valueAndGradients(loss, variables)).toThrow("on purpose");
      expect(calls).toBe(failing);
      expect(countTensors()).toBe(before);
    }
  });

  test("are computed once where nothing is differentiated", () => {
    let calls = 0;
    const f = ({ x }: Tensors): Tensors => {
      calls++;
      return { y: tf.square(x!) };
    };
    tf.tidy(() => recomputed(f, { x: tf.ones([2]) }, []));
    expect(calls).toBe(1);
  });
});
