import { expect, test } from "vitest";
import { countTensors } from "../../src/engine/memory.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import { mean, mul, square, type Tensor } from "../../src/engine/tensor.ts";
import { type StepReport, train } from "../../src/training/loop.ts";
import { LossScale } from "../../src/training/lossScale.ts";
import { Optimizer } from "../../src/training/optimizer.ts";
import { flamingoGroups } from "../../src/training/parameterGroups.ts";
import { describeDevices } from "../devices.ts";

const squares = (numbers: ArrayLike<number>) => Array.from(numbers).reduce((sum, value) => sum + value * value, 0);

/** Two matrices, of which the loss depends on the first alone. */
function setUp() {
  const weights = new Weights(3);
  for (const name of ["a", "b"])
    weights.create({ name, shape: [4, 3], initial: { kind: "normal", std: 1 }, frozen: false, group: "new" });
  const optimizer = new Optimizer(weights.all(), { groups: flamingoGroups(1, 0), clip: 0.01 });
  return { weights, optimizer };
}

async function steps(
  lossScale?: LossScale,
  most = 12,
): Promise<{ reports: StepReport[]; before: number[][]; after: number[][] }> {
  const { weights, optimizer } = setUp();
  const numbers = () => Promise.all(weights.all().map(async ({ variable }) => Array.from(await variable.data())));
  const reports: StepReport[] = [];
  let before: number[][] = [];
  let after: number[][] = [];
  const a = weights.get("a")!.variable as Tensor;
  const tensors = countTensors();
  await train({
    weights: weights.all(),
    optimizer,
    schedule: { rate: 0.1, warmup: 0, after: "constant", steps: 3 },
    accumulation: 1,
    from: 0,
    ...(lossScale ? { lossScale } : {}),
    lossOf: () => () => mean(mul(square(a), 5)),
    measures: (step) => step === 2,
    samples: (step) => (step === 2 ? most : 0),
    onStep: (report) => void reports.push(report),
    pausesAfter: () => true,
    betweenSteps: async (step) => {
      if (step === 1) before = await numbers();
      if (step === 2) after = await numbers();
      return true;
    },
  });
  expect(countTensors()).toBe(tensors);
  weights.dispose();
  optimizer.dispose();
  return { reports, before, after };
}

describeDevices("what a step does to each weight", () => {
  test("is what a plain loop over the numbers before and after it says; other steps are not measured", async () => {
    const { reports, before, after } = await steps();
    expect(reports.map(({ updates }) => updates !== undefined)).toEqual([false, true, false]);
    const { gradient, weight, update } = reports[1]!.updates!;
    // d mean(5a²)/da = 10a/12: the gradient as it comes, whatever clipping makes of it.
    expect(gradient).toBeAllclose([squares(before[0]!.map((value) => (10 * value) / 12)), 0], { relative: 1e-5 });
    expect(Math.sqrt(gradient[0]!)).toBeCloseTo(reports[1]!.norm, 5);
    expect(weight).toBeAllclose(before.map(squares), { relative: 1e-5 });
    const changes = before.map((values, at) => squares(values.map((value, index) => after[at]![index]! - value)));
    expect(update).toBeAllclose(changes, { relative: 1e-3 });
    expect(update[0]).toBeGreaterThan(0);
    expect(update[1]).toBe(0);
  });

  test("has the numbers themselves, all or every nth, of the weights before it and of the gradients", async () => {
    const { reports, before } = await steps();
    expect(reports.map(({ samples }) => samples !== undefined)).toEqual([false, true, false]);
    const { weights, gradients } = reports[1]!.samples!;
    expect(weights.map((each) => [...each])).toEqual(before);
    expect(gradients[0]!).toBeAllclose(
      before[0]!.map((value) => (10 * value) / 12),
      { relative: 1e-5 },
    );
    expect(gradients[1]).toHaveLength(0);
    const few = (await steps(undefined, 5)).reports[1]!.samples!;
    expect(few.weights.map((each) => [...each])).toEqual(before.map((all) => all.filter((_, at) => at % 3 === 0)));
    const scaled = await steps(new LossScale({ scale: 1024, good: 0, skipped: 0 }));
    expect(scaled.reports[1]!.samples!.gradients[0]!).toBeAllclose(gradients[0]!, { relative: 1e-5 });
  });

  test("takes the loss scale out of the gradients, and changes no bit of the training", async () => {
    const plain = await steps();
    const scaled = await steps(new LossScale({ scale: 1024, good: 0, skipped: 0 }));
    expect(scaled.reports[1]!.updates!.gradient).toBeAllclose(plain.reports[1]!.updates!.gradient, { relative: 1e-5 });
    expect(scaled.after).toEqual(plain.after);
  });
});
