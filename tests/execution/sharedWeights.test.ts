import { beforeAll, expect, test } from "vitest";
import { findBlock } from "../../src/core/registry.ts";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import { dispose, type Tensor, tensor, tidy } from "../../src/engine/tensor.ts";
import { PipelineModel } from "../../src/execution/pipelineModel.ts";
import "../../src/models/index.ts";
import type { Plan, PlanNode } from "../../src/pipeline/compile.ts";

beforeAll(() => openDevice("cpu"));

const linear = (id: string, shares?: string): PlanNode => ({
  ...{ id, kind: "primitive", label: id, type: "Linear", config: { inDim: 2, outDim: 2, bias: false } },
  ...{ outputs: { y: ["batch", 2] } },
  ...(shares ? { shares } : {}),
});

/** Two maps, one after the other. */
function chain(shares?: string): Plan {
  const nodes = { data: { ...linear("data"), kind: "source", type: "Data" }, first: linear("first") };
  return {
    ...{ name: "chain", blocks: {}, actions: [] },
    nodes: { ...nodes, second: linear("second", shares) } as Plan["nodes"],
    edges: [
      { from: ["data", "x"], to: ["first", "x"] },
      { from: ["first", "y"], to: ["second", "x"] },
    ],
  };
}

/** The output of the second map for [1, 2], and the gradient of its loss by each weight. */
async function results(model: PipelineModel) {
  const x = tensor([1, 2], [1, 2]);
  const weights = model.weights.all();
  const outputOf = () => model.compute("second", new Map([["data", { x }]])).y as Tensor;
  const output = tidy(outputOf);
  const lossOf = () => (outputOf() as unknown as { sum(): Tensor }).sum();
  const { value, gradients } = valueAndGradients(
    lossOf,
    weights.map(({ variable }) => variable),
  );
  const numbers = await Promise.all([output, ...gradients.map((gradient) => gradient!)].map((each) => each.data()));
  dispose([x, output, value, ...gradients.map((gradient) => gradient!)]);
  return { output: numbers[0]!, gradients: numbers.slice(1) };
}

test("a node that shares the weights of another computes with them, and both add to their gradient", async () => {
  const shared = new PipelineModel(chain("first"), new Weights(3), findBlock);
  expect(shared.weights.all().map(({ name }) => name)).toEqual(["first.weight"]);
  expect(shared.weightsOf("second")).toEqual(shared.weightsOf("first"));

  const apart = new PipelineModel(chain(), new Weights(3), findBlock);
  const [first, second] = apart.weights.all();
  second!.variable.assign(first!.variable);
  const [expected, found] = [await results(apart), await results(shared)];
  expect(found.output).toBeAllclose(expected.output, { relative: 1e-6, absolute: 1e-7 });
  const sum = expected.gradients[0]!.map((number, at) => number + expected.gradients[1]![at]!);
  expect(found.gradients).toHaveLength(1);
  expect(found.gradients[0]!).toBeAllclose(sum, { relative: 1e-5, absolute: 1e-6 });
  for (const { weights } of [shared, apart]) weights.dispose();
});
