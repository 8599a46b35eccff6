import { expect, test, vi } from "vitest";
import { countTensors } from "../../src/engine/memory.ts";
import { crossEntropy } from "../../src/engine/ops/crossEntropy.ts";
import { scale } from "../../src/engine/ops/elementwise.ts";
import { linear } from "../../src/engine/ops/matMul.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import { div, engine, mean, scalar, square, sub, type Tensor, tensor } from "../../src/engine/tensor.ts";
import { type StepReport, type Training, train } from "../../src/training/loop.ts";
import { LossScale } from "../../src/training/lossScale.ts";
import { Optimizer } from "../../src/training/optimizer.ts";
import { flamingoGroups } from "../../src/training/parameterGroups.ts";
import { describeDevices } from "../devices.ts";

const schedule = { rate: 0.05, warmup: 0, after: "constant" as const, steps: 3 };

/** A matrix that learns, with what training needs beside the loss. */
function setUp(change: Partial<Training> = {}) {
  const weights = new Weights(4);
  const matrix = weights.create({
    name: "w",
    shape: [5, 3],
    initial: { kind: "normal", std: 1 },
    frozen: false,
    group: "new" as const,
  });
  const reports: StepReport[] = [];
  const optimizer = new Optimizer(weights.all(), { groups: flamingoGroups(1, 0), clip: 1 });
  const training: Training = {
    weights: weights.all(),
    optimizer,
    schedule,
    accumulation: 1,
    from: 0,
    lossOf: () => () => mean(square(matrix.variable)),
    onStep: (report) => void reports.push(report),
    pausesAfter: () => true,
    betweenSteps: async () => true,
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

  test("stops after the step whose rest says so, and tells which it was", async () => {
    const { training, reports } = setUp({ betweenSteps: async (step) => step < 2 });
    expect(await train(training)).toBe(2);
    expect(reports.map(({ step }) => step)).toEqual([1, 2]);
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
      betweenSteps: async () => {
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

  test("a gradient that is no number ends it before anybody is told of the step, and moves nothing", async () => {
    const { training, matrix, weights, optimizer, reports } = setUp();
    // The root of 0 is 0, and infinitely steep.
    const steep = (batch: number) => () => {
      const zero = sub(matrix.variable, matrix.variable);
      return batch === 1 ? mean(zero.square().add(zero.sqrt())) : mean(square(matrix.variable));
    };
    let after: unknown;
    const betweenSteps = async () => {
      after = [await weights.save(), await optimizer.save()];
      return true;
    };
    await expect(train({ ...training, lossOf: steep, betweenSteps })).rejects.toMatchObject({
      code: "NON_FINITE",
      message: expect.stringMatching(/^the norm of the gradients is (NaN|Infinity) at step 2$/),
    });
    expect(reports.map(({ step }) => step)).toEqual([1]);
    expect([await weights.save(), await optimizer.save()]).toEqual(after);
  });

  test("a loss that is no number moves nothing, even where its gradient is a number", async () => {
    const { training, matrix, weights } = setUp();
    const before = await weights.save();
    const endless = () => () => mean(square(matrix.variable)).add(div(scalar(1), scalar(0)));
    await expect(train({ ...training, lossOf: endless })).rejects.toMatchObject({
      message: "the loss is Infinity at step 1",
    });
    expect(await weights.save()).toEqual(before);
  });

  test("a step reads the device once: loss, norm and gates together", async () => {
    const gates = new Weights(5);
    for (const name of ["a", "b"])
      gates.create({ name, shape: [1], initial: { kind: "ones" }, frozen: false, group: "gate" });
    const { training, weights, reports } = setUp();
    const all = [...weights.all(), ...gates.all()];
    const [matrix, first, second] = all.map(({ variable }): Tensor => variable) as [Tensor, Tensor, Tensor];
    const lossOf = () => () => mean(square(matrix)).add(mean(square(first)));
    const read = vi.spyOn(engine(), "read");
    await train({
      ...training,
      weights: all,
      optimizer: new Optimizer(all, { groups: flamingoGroups(1, 0), clip: 1 }),
      lossOf,
    });
    expect(read).toHaveBeenCalledTimes(3);
    read.mockRestore();
    expect(reports.at(-1)!.gates).toBeAllclose([Math.tanh((await first.data())[0]!), Math.tanh(1)]);
    expect((await first.data())[0]).not.toBe((await second.data())[0]);
  });
});

describeDevices("between two rests, training", (device) => {
  const goesOn = device === "webgpu"; // while its numbers are read
  const steps = 6;
  const setUpPair = (pausesAfter: (step: number) => boolean) => {
    const happened: string[] = [];
    const made = setUp({ schedule: { ...schedule, steps }, pausesAfter });
    const { training, matrix, reports } = made;
    const whole: Training = {
      ...training,
      lossOf: (batch) => {
        happened.push(`${batch + 1} begins`);
        return () => lossOfRows(matrix.variable, batch % 3, 4);
      },
      onStep: (report) => {
        happened.push(`${report.step} is told`);
        reports.push(report);
      },
      betweenSteps: async (step) => {
        happened.push(`rest after ${step}`);
        return true;
      },
    };
    return { ...made, training: whole, happened };
  };

  test("gives the device its next step before the numbers of the last one are there, with the same bits", async () => {
    const [ahead, step] = [setUpPair((step) => step === 3), setUpPair(() => true)];
    await train(ahead.training);
    await train(step.training);
    const inTurn = (count: number) =>
      Array.from({ length: count }, (_, at) => [
        `${at + 1} begins`,
        `${at + 1} is told`,
        `rest after ${at + 1}`,
      ]).flat();
    expect(step.happened).toEqual(inTurn(steps));
    const third = (first: number) => [
      ...[`${first} begins`, `${first + 1} begins`, `${first} is told`],
      ...[`${first + 2} begins`, `${first + 1} is told`, `${first + 2} is told`, `rest after ${first + 2}`],
    ];
    expect(ahead.happened).toEqual(goesOn ? [...third(1), ...third(4)] : inTurn(steps));
    expect(await ahead.weights.save()).toEqual(await step.weights.save());
    expect(await ahead.optimizer.save()).toEqual(await step.optimizer.save());
    const numbersOf = ({ loss, norm, rate }: StepReport) => ({ loss, norm, rate });
    expect(ahead.reports.map(numbersOf)).toEqual(step.reports.map(numbersOf));
  });

  test("waits for no number before the step after the next begins", async () => {
    const { training, happened } = setUpPair(() => false);
    const read = engine().read.bind(engine());
    // Numbers come when nothing else is left to do here, one after the other.
    let last: Promise<unknown> = Promise.resolve();
    const late = vi.spyOn(engine(), "read").mockImplementation((id) => {
      const numbers = read(id);
      const turn = last
        .then(() => numbers)
        .then(async (values) => {
          for (let wait = 0; wait < 20; wait++) await new Promise((resolve) => setImmediate(resolve));
          happened.push("numbers");
          return values;
        });
      last = turn;
      return turn;
    });
    await train(training);
    late.mockRestore();
    const begins = (step: number) => happened.indexOf(`${step} begins`);
    const numbers = happened.flatMap((what, at) => (what === "numbers" ? [at] : []));
    for (let step = 3; step <= steps; step++) {
      expect(begins(step)).toBeGreaterThan(numbers[step - 3]!);
      expect(begins(step) < numbers[step - 2]!).toBe(goesOn);
    }
  });

  test("tells all that was computed before something goes wrong, and leaks nothing", async () => {
    const { training, matrix, reports, optimizer } = setUpPair(() => false);
    const before = countTensors();
    const lossOf = (fault: () => Tensor) => (batch: number) => {
      if (batch === 3) throw new Error("no such batch");
      return () => (batch === 2 ? fault() : mean(square(matrix.variable)));
    };
    const sound = () => mean(square(matrix.variable));
    await expect(train({ ...training, lossOf: lossOf(sound) })).rejects.toThrow("no such batch");
    expect(reports.splice(0).map(({ step }) => step)).toEqual([1, 2, 3]);
    const endless = () => sound().add(div(scalar(1), scalar(0)));
    // Of two errors the one that came first is told.
    await expect(train({ ...training, lossOf: lossOf(endless) })).rejects.toMatchObject({ code: "NON_FINITE" });
    expect(reports.map(({ step }) => step)).toEqual([1, 2]);
    expect(countTensors()).toBe(before);
    optimizer.dispose();
  });
});

describeDevices("training under a loss scale", () => {
  /** So steep that the square of a scaled gradient is infinite in single precision, at first. */
  const steep = (weight: Tensor) => () => scale(mean(square(weight)), 1e16);
  const run = async (steps: number, change: Partial<Training>, made = setUp()) => {
    const training = { ...made.training, ...change, schedule: { ...schedule, steps } };
    await train({ ...training, lossOf: () => steep(made.matrix.variable) });
    return [await made.weights.save(), await made.optimizer.save()];
  };

  test("steps that overflow move nothing and halve it, and the others are those of a training without it", async () => {
    const lossScale = new LossScale();
    const scaled = setUp();
    const untouched = await scaled.weights.save();
    let skipped = 0;
    const betweenSteps = async () => {
      if (Number.isFinite(scaled.reports.at(-1)!.norm)) return true;
      expect(await scaled.weights.save()).toEqual(untouched);
      expect(lossScale.state).toEqual({ scale: 2 ** 15 / 2 ** ++skipped, good: 0, skipped });
      return true;
    };
    const end = await run(8, { lossScale, betweenSteps }, scaled);
    expect(skipped).toBeGreaterThan(2);
    expect(skipped).toBeLessThan(8);
    const plain = setUp();
    expect(end).toEqual(await run(8 - skipped, {}, plain));
    const numbersOf = ({ loss, norm, rate }: StepReport) => ({ loss, norm, rate });
    expect(scaled.reports.slice(skipped).map(numbersOf)).toEqual(plain.reports.map(numbersOf));
  });

  test("goes on from its state to the same bits, in the middle of the skipped steps and after them", async () => {
    const whole = new LossScale();
    const end = await run(9, { lossScale: whole });
    for (const last of [2, 7]) {
      const made = setUp();
      const before = new LossScale();
      await run(last, { lossScale: before }, made);
      const after = new LossScale(before.state);
      expect(await run(9, { lossScale: after, from: last }, made)).toEqual(end);
      expect(after.state).toEqual(whole.state);
    }
  });

  test("what overflows without any scale ends it", async () => {
    const { training, matrix, weights } = setUp({ lossScale: new LossScale({ scale: 4, good: 0, skipped: 0 }) });
    const before = await weights.save();
    const tooSteep = () => () => scale(mean(square(matrix.variable)), 1e25);
    const report = { code: "NON_FINITE", message: "the norm of the gradients is Infinity at step 3" };
    const fix = expect.stringContaining("float32");
    await expect(train({ ...training, lossOf: tooSteep })).rejects.toMatchObject({ ...report, details: { fix } });
    expect(await weights.save()).toEqual(before);
  });
});
