import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { geluOf } from "../../src/blocks/activations.ts";
import { add } from "../../src/blocks/add.ts";
import { Linear } from "../../src/blocks/linear.ts";
import type { AnyBlock } from "../../src/core/block.ts";
import { defineBlock } from "../../src/core/defineBlock.ts";
import { functional } from "../../src/core/functional.ts";
import { float32, optional } from "../../src/core/port.ts";
import { findBlock } from "../../src/core/registry.ts";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { dispose, square, sum, type Tensor, tidy } from "../../src/engine/tensor.ts";
import { graphBlockSchema } from "../../src/graph/graph.ts";
import { graphBlock } from "../../src/graph/graphBlock.ts";
import { trace } from "../../src/graph/trace.ts";
import { bitsOf, exampleInputs, LiveBlock, realInputs } from "../blocks/liveBlock.ts";

beforeAll(() => openDevice("cpu"));

const common = { category: "Tensor", config: z.strictObject({}), example: {}, exampleSizes: { batch: 3 } } as const;
const vectors = { x: float32("batch 4", "vectors") };
const sizes = { inDim: 4, outDim: 4 };

const Skip = defineBlock({
  ...common,
  name: "Skip",
  title: "Skip",
  summary: "Functional calls in a loop, a child that is called twice, and one whose name a functional call would have.",
  inputs: { ...vectors, skip: optional(float32("batch 4", "vectors")) },
  outputs: { y: float32("batch 4", "vectors") },
  build: (_config, { child }) => {
    const linear = child("add", Linear, sizes);
    const below = child("gelu.w", Linear, sizes);
    return ({ x, skip }) => {
      let y = linear(x);
      for (let layer = 0; layer < 3; layer++) y = add(y, geluOf(below(linear(y))));
      return skip ? add(y, skip) : y;
    };
  },
});

async function bitsAndGradients(definition: AnyBlock, weights?: LiveBlock, checkpointing = false) {
  const block = new LiveBlock(definition, weights ? { weights: weights.weights } : {});
  if (!weights) block.shake();
  block.reading.checkpointing = checkpointing;
  const inputs = exampleInputs(Skip, {});
  const given = Object.fromEntries(Object.entries(inputs).filter(([port]) => port in definition.inputs));
  const variables = [...block.weights.trainable(), ...realInputs(given).map(([, variable]) => ({ variable }))];
  const outputs = tidy(() => block.run(given));
  const { value, gradients } = valueAndGradients(
    () => sum(square(block.run(given).y!)) as Tensor,
    variables.map(({ variable }) => variable),
  );
  const bits = [
    await bitsOf(outputs.y!),
    ...(await Promise.all(gradients.map((each) => (each ? bitsOf(each) : null)))),
  ];
  dispose([value, ...gradients.filter((each) => each !== null), ...Object.values(outputs), ...Object.values(inputs)]);
  return { block, bits };
}

describe("functional calls and children", () => {
  test("have names of their own in the trace, which runs with the same bits", async () => {
    const graph = trace(Skip, {});
    expect(Object.keys(graph.nodes)).toEqual(
      expect.arrayContaining(["add", "add_call2", "gelu.w", "add_op", "gelu_op", "add_2", "gelu_2"]),
    );
    const whole = await bitsAndGradients(Skip);
    const opened = await bitsAndGradients(graphBlock("Opened", graph, findBlock), whole.block);
    expect(opened.block.weights.all().map(({ name }) => name)).toEqual(
      whole.block.weights.all().map(({ name }) => name),
    );
    expect(opened.bits).toEqual(whole.bits);
  });

  test("may be called with an input left out", () => {
    const ports = Object.keys(trace(Skip, {}, { inputs: { x: [3, 4] } }).inputs);
    expect(ports).toEqual(["x"]);
  });

  test("functional refuses a block with weights", () => {
    expect(() => functional(Linear).with(sizes)([[1]] as never)).toThrow(/has weights or children/);
  });
});

test("a layer that gives an input back as it is has the same gradients with gradient checkpointing", async () => {
  const graph = graphBlockSchema.parse({
    inputs: { x: { shape: "batch 4" } },
    outputs: { y: { shape: "batch 4" } },
    nodes: {},
    edges: [{ from: ["inputs", "x"], to: ["outputs", "y"] }],
    layer: true,
  });
  const layer = graphBlock("Nothing", graph, findBlock);
  const Around = defineBlock({
    ...common,
    name: "Around",
    title: "Around",
    summary: "A map before a layer that does nothing.",
    inputs: vectors,
    outputs: { y: float32("batch 4", "vectors") },
    build: (_config, { child }) => {
      const linear = child("linear", Linear, sizes);
      const nothing = child("nothing", layer, {});
      return ({ x }) => nothing(linear(x)) as never;
    },
  });
  const plain = await bitsAndGradients(Around);
  const again = await bitsAndGradients(Around, plain.block, true);
  expect(plain.bits.every((bits) => bits !== null)).toBe(true);
  expect(again.bits).toEqual(plain.bits);
});
