import { expect, test } from "vitest";
import { crossEntropy } from "../../src/engine/crossEntropy.ts";
import { linear } from "../../src/engine/linear.ts";
import { countTensors } from "../../src/engine/memory.ts";
import { div, mean, scalar, square, sub, type Tensor, tensor } from "../../src/engine/tensor.ts";
import { Weights } from "../../src/engine/weights.ts";
import { type StepReport, type Training, train } from "../../src/training/loop.ts";
import { Optimizer } from "../../src/training/optimizer.ts";
import { describeDevices } from "../devices.ts";

const schedule = { rate: 0.05, warmup: 0, after: "constant" as const, steps: 3 };

/** A matrix that learns, with what training needs beside the loss. */
function setUp(change: Partial<Training> = {}) {
  const weights = new Weights(4);
  const matrix = weights.create({ name: "w", shape: [5, 3], initial: { kind: "normal", std: 1 }, frozen: false });
  const reports: StepReport[] = [];
  const optimizer = new Optimizer(weights.all(), { parts: [], clip: 1 });
  const training: Training = {
    weights: weights.all(),
    optimizer,
    schedule,
    accumulation: 1,
    from: 0,
    lossOf: () => () => mean(square(matrix.variable)),
    onStep: async (report) => {
      reports.push(report);
      return true;
    },
    ...change,
  };
  return { weights, matrix, optimizer, training, reports };
}

/** Four rows and their classes, twice over: the loss of rows `start` to `end`. */
const rows = Float32Array.from({ length: 12 }, (_, at) => Math.sin(at * 1.7));
const classes = [3, 0, 4, 1];
function lossOfRows(weight: Tensor, start: number, end: number): Tensor {
  const x = tensor(rows.slice(start * 3, end * 3), [end - start, 3]);
  return crossEntropy(linear(x, weight), tensor(classes.slice(start, end), [end - start], "int32")).loss;
}

describeDevices("training", () => {
  test("two half batches, accumulated, are one whole batch", async () => {
    const whole = setUp();
    await train({ ...whole.training, lossOf: () => () => lossOfRows(whole.matrix.variable, 0, 4) });
    const halves = setUp({ accumulation: 2 });
    const half = (batch: number) => () => lossOfRows(halves.matrix.variable, (batch % 2) * 2, (batch % 2) * 2 + 2);
    await train({ ...halves.training, lossOf: half });
    for (const what of ["loss", "norm"] as const)
      expect(halves.reports.map((report) => report[what])).toBeAllclose(whole.reports.map((report) => report[what]));
    await expect(halves.matrix.variable).toBeAllclose(await whole.matrix.variable.data(), { relative: 1e-5 });
  });

  test("batches are counted over the whole training, wherever it takes up", async () => {
    const batches: number[] = [];
    const { training, matrix, reports } = setUp({ accumulation: 2, from: 1 });
    const lossOf = (batch: number) => {
      batches.push(batch);
      return () => mean(square(matrix.variable));
    };
    expect(await train({ ...training, lossOf })).toBe(3);
    expect(batches).toEqual([2, 3, 4, 5]);
    expect(reports.map(({ step }) => step)).toEqual([2, 3]);
  });

  test("stops after the step whose onStep says so, and tells which it was", async () => {
    const { training } = setUp({ onStep: async ({ step }) => step < 2 });
    expect(await train(training)).toBe(2);
  });

  test("a loss that is no number ends it before the weights are touched, and leaks nothing", async () => {
    const { training, matrix, weights, optimizer, reports } = setUp();
    const before = countTensors();
    const bad = (batch: number) => () => {
      const loss = mean(square(matrix.variable));
      return batch === 1 ? div(sub(loss, loss), scalar(0)) : loss;
    };
    let after: unknown;
    const failing = train({
      ...training,
      lossOf: bad,
      onStep: async (report) => {
        reports.push(report);
        after = await weights.save();
        return true;
      },
    });
    await expect(failing).rejects.toMatchObject({ code: "NON_FINITE", message: "the loss is NaN at step 2" });
    expect(reports.map(({ step }) => step)).toEqual([1]);
    expect(await weights.save()).toEqual(after);
    expect(countTensors()).toBe(before);
    optimizer.dispose();
  });

  test("a gradient that is no number ends it before anybody is told of the step", async () => {
    const { training, matrix, reports } = setUp();
    // The root of 0 is 0, and infinitely steep.
    const steep = () => () => {
      const zero = sub(matrix.variable, matrix.variable);
      return mean(zero.square().add(zero.sqrt()));
    };
    await expect(train({ ...training, lossOf: steep })).rejects.toMatchObject({
      code: "NON_FINITE",
      message: expect.stringMatching(/^the norm of the gradients is (NaN|Infinity) at step 1$/),
    });
    expect(reports).toEqual([]);
  });
});
