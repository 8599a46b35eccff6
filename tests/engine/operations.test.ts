import fc from "fast-check";
import { expect, test } from "vitest";
import { gelu, geluTanh, quickGelu, relu, silu, squaredRelu, swiglu, tanh } from "../../src/engine/ops/activations.ts";
import { adamW } from "../../src/engine/ops/adamW.ts";
import { averagePool } from "../../src/engine/ops/averagePool.ts";
import { conv2d, unfold } from "../../src/engine/ops/convolution.ts";
import { add, gatedAdd, multiply, scale } from "../../src/engine/ops/elementwise.ts";
import { embedding } from "../../src/engine/ops/embedding.ts";
import { clipFactor, globalNorm } from "../../src/engine/ops/globalNorm.ts";
import { linear, matMul } from "../../src/engine/ops/matMul.ts";
import { layerNorm, rmsNorm } from "../../src/engine/ops/norms.ts";
import { rotary } from "../../src/engine/ops/rotary.ts";
import * as tf from "../../src/engine/tensor.ts";
import { describeDevices } from "../devices.ts";
import { agrees, seed, size, tries } from "./agreement.ts";
import { relativeError } from "./evaluate.ts";
import { type Numbers, numbers, tensorOf } from "./numbers.ts";

describeDevices("operations agree with their plain formulas, forward and gradient:", (device) => {
  const property = (name: string, run: fc.IAsyncProperty<never>) =>
    test(name, () => fc.assert(run as fc.IAsyncProperty<unknown>, tries(device)));

  const long = fc.oneof(size, fc.constantFrom(79, 81, 130));
  const deep = fc.oneof(size, fc.constantFrom(255, 513));

  property(
    "matMul, with every combination of transposes and leading axes",
    fc.asyncProperty(
      fc.record({ m: long, n: long, k: deep, batch: fc.constantFrom(0, 1, 3), shared: fc.boolean(), seed }),
      fc.record({ transposeA: fc.boolean(), transposeB: fc.boolean() }),
      async ({ m, n, k, batch, shared, seed }, transposes) => {
        const leading = batch ? [batch] : [];
        const a = [...leading, ...(transposes.transposeA ? [k, m] : [m, k])];
        const b = [...(shared ? [] : leading), ...(transposes.transposeB ? [n, k] : [k, n])];
        const inputs = { a: numbers(a, seed), b: numbers(b, seed + 1) };
        await agrees(device, { inputs, run: ({ a, b }) => matMul(a!, b!, transposes) });
      },
    ) as never,
  );

  test("matMul, of more rows and columns than any kernel takes at a time", async () => {
    const inputs = { a: numbers([300, 5], 1), b: numbers([5, 2100], 2) };
    await agrees(device, { inputs, run: ({ a, b }) => matMul(a!, b!) });
  });

  property(
    "linear, with and without bias",
    fc.asyncProperty(
      size,
      size,
      size,
      size,
      fc.boolean(),
      seed,
      async (batch, length, width, outputs, biased, seed) => {
        const inputs = {
          x: numbers([batch, length, width], seed),
          weight: numbers([outputs, width], seed + 1),
          ...(biased && { bias: numbers([outputs], seed + 2) }),
        };
        await agrees(device, { inputs, run: ({ x, weight, bias }) => linear(x!, weight!, bias) });
      },
    ) as never,
  );

  property(
    "layerNorm, with and without weight and bias",
    fc.asyncProperty(size, size, fc.boolean(), fc.boolean(), seed, async (...drawn) => {
      const [rows, width, weighted, biased, seed] = drawn;
      const inputs = {
        x: numbers([rows, 2, width], seed, 3),
        ...(weighted && { weight: numbers([width], seed + 1) }),
        ...(biased && { bias: numbers([width], seed + 2) }),
      };
      // A larger epsilon keeps a width of one, whose variance is zero, from dividing by almost nothing.
      await agrees(device, { inputs, run: ({ x, weight, bias }) => layerNorm(x!, weight, bias, 1e-2) });
    }) as never,
  );

  property(
    "rmsNorm, whose mean counts as 0",
    fc.asyncProperty(size, size, seed, async (rows, width, seed) => {
      const inputs = { x: numbers([rows, 2, width], seed, 3), weight: numbers([width], seed + 1) };
      await agrees(device, { inputs, run: ({ x, weight }) => rmsNorm(x!, weight!, 1e-2) });
    }) as never,
  );

  property(
    "swiglu",
    fc.asyncProperty(size, size, fc.constantFrom(0.1, 1, 8), seed, async (rows, width, spread, seed) => {
      const inputs = { gate: numbers([rows, 2, width], seed, spread), up: numbers([rows, 2, width], seed + 1) };
      await agrees(device, { inputs, run: ({ gate, up }) => swiglu(gate!, up!) });
    }) as never,
  );

  property(
    "rotary, from any place on, with any leading axes",
    fc.asyncProperty(
      fc.record({ axes: fc.constantFrom(0, 1, 2), places: size, heads: fc.constantFrom(1, 2, 3), pairs: size }),
      fc.constantFrom(0, 1, 300),
      seed,
      async ({ axes, places, heads, pairs }, start, seed) => {
        const inputs = { x: numbers([...[2, 3].slice(0, axes), places, heads * 2 * pairs], seed) };
        await agrees(device, { inputs, run: ({ x }) => rotary(x!, { heads, start }) });
      },
    ) as never,
  );

  test("rotary turns a channel with the one half a head away, the later pairs more slowly", async () => {
    const x = tf.tensor([1, 1, 0, 0], [1, 4]); // channels 0 and 2 turn by 1 a place, 1 and 3 by 1/100
    const turned = rotary(x, { heads: 1, start: 2 });
    await expect(turned).toBeAllclose([Math.cos(2), Math.cos(0.02), Math.sin(2), Math.sin(0.02)], { absolute: 1e-6 });
    tf.dispose([x, turned]);
  });

  test("after rotary a product of two vectors knows how far apart they stand, and not where", async () => {
    const [query, key] = [numbers([1, 8], 1), numbers([1, 8], 2)];
    const product = async (at: number, to: number) => {
      const turned = (one: Numbers, start: number) => rotary(tensorOf(one), { heads: 2, start });
      const sum = tf.tidy(() => tf.sum(multiply(turned(query, at), turned(key, to))));
      return (await sum.data())[0]!;
    };
    expect(await product(7, 3)).toBeCloseTo(await product(104, 100), 4);
    expect(await product(7, 3)).not.toBeCloseTo(await product(7, 4), 2);
  });

  for (const [name, f] of Object.entries({ gelu, geluTanh, quickGelu, relu, squaredRelu, silu, tanh }))
    property(
      name,
      fc.asyncProperty(size, size, fc.constantFrom(0.1, 1, 8), seed, async (rows, width, spread, seed) => {
        await agrees(device, { inputs: { x: numbers([rows, width], seed, spread) }, run: ({ x }) => f(x!) });
      }) as never,
    );

  for (const [name, f] of Object.entries({ add, multiply }))
    property(
      `${name}, of equal shapes and of a tail`,
      fc.asyncProperty(size, size, fc.constantFrom(0, 1, 2, 3), seed, async (rows, width, axes, seed) => {
        const shape = [rows, 2, width];
        const inputs = { a: numbers(shape, seed), b: numbers(shape.slice(3 - axes), seed + 1) };
        await agrees(device, { inputs, run: ({ a, b }) => f(a!, b!) });
      }) as never,
    );

  property(
    "scale",
    fc.asyncProperty(size, size, seed, async (rows, width, seed) => {
      await agrees(device, { inputs: { x: numbers([rows, width], seed) }, run: ({ x }) => scale(x!, -0.37) });
    }) as never,
  );

  property(
    "gatedAdd, whose gate gets its gradient also where it is closed",
    fc.asyncProperty(size, size, fc.constantFrom(0, 0.3, 2), seed, async (rows, width, gate, seed) => {
      const shape = [rows, 2, width];
      const inputs = {
        ...{ x: numbers(shape, seed), update: numbers(shape, seed + 1) },
        gate: { shape: [1], values: Float32Array.of(gate) },
      };
      await agrees(device, { inputs, run: ({ x, update, gate }) => gatedAdd(x!, update!, gate!) });
    }) as never,
  );

  property(
    "embedding, with ids that come more than once",
    fc.asyncProperty(size, size, size, seed, async (rows, width, count, seed) => {
      const ids = Int32Array.from(numbers([2 * count], seed, rows).values, (number) => Math.abs(Math.trunc(number)));
      const inputs = { table: numbers([rows, width], seed + 1) };
      await agrees(device, { inputs, run: ({ table }) => embedding(table!, tf.tensor(ids, [2, count], "int32")) });
    }) as never,
  );

  const window = fc.record({
    kernel: fc.constantFrom(1, 2, 3, 4),
    stride: fc.constantFrom(1, 2, 3),
    padding: fc.constantFrom(0, 1, 2),
    height: fc.constantFrom(4, 5, 8, 9),
    width: fc.constantFrom(4, 6, 7),
    channels: fc.constantFrom(1, 3, 4, 5),
    batch: fc.constantFrom(1, 3),
  });

  property(
    "unfold",
    fc.asyncProperty(window, seed, async ({ kernel, stride, padding, height, width, channels, batch }, seed) => {
      const inputs = { x: numbers([batch, height, width, channels], seed) };
      await agrees(device, { inputs, run: ({ x }) => unfold(x!, kernel, stride, padding) });
    }) as never,
  );

  property(
    "conv2d",
    fc.asyncProperty(window, seed, async ({ kernel, stride, padding, height, width, channels, batch }, seed) => {
      const inputs = {
        x: numbers([batch, height, width, channels], seed),
        weight: numbers([3, channels, kernel, kernel], seed + 1),
        bias: numbers([3], seed + 2),
      };
      await agrees(device, {
        inputs,
        run: ({ x, weight, bias }) => conv2d(x!, weight!, bias!, { stride, padding }),
      });
    }) as never,
  );

  property(
    "conv2d, of groups",
    fc.asyncProperty(
      window,
      fc.constantFrom(2, 3),
      seed,
      async ({ kernel, stride, padding, height, width, ...each }, groups, seed) => {
        const { channels, batch } = each;
        const inputs = {
          x: numbers([batch, height, width, groups * channels], seed),
          weight: numbers([2 * groups, channels, kernel, kernel], seed + 1),
          bias: numbers([2 * groups], seed + 2),
        };
        await agrees(device, {
          inputs,
          run: ({ x, weight, bias }) => conv2d(x!, weight!, bias!, { stride, padding, groups }),
        });
      },
    ) as never,
  );

  property(
    "averagePool, of sides that the squares do not divide",
    fc.asyncProperty(window, fc.constantFrom(1, 2, 3), seed, async ({ height, width, channels, batch }, size, seed) => {
      const inputs = { x: numbers([batch, height, width, channels], seed) };
      await agrees(device, { inputs, run: ({ x }) => averagePool(x!, size) });
    }) as never,
  );

  test("averagePool gives the mean of what is inside the image", async () => {
    const x = tf.tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
    const y = averagePool(x, 2);
    await expect(y).toBeAllclose([3, 4.5, 7.5, 9], { absolute: 1e-6 });
    tf.dispose([x, y]);
  });

  property(
    "adamW with clipping, over several parameters and steps",
    fc.asyncProperty(
      fc.array(fc.tuple(size, size), { minLength: 1, maxLength: 3 }),
      fc.record({
        limit: fc.constantFrom(0.1, 1, 100),
        measured: fc.boolean(),
        rate: fc.constantFrom(0.01, 0.3),
        seed,
      }),
      async (shapes, { limit, measured, rate, seed }) => {
        const train = async () => {
          const all = shapes.map((shape, at) =>
            [0, 100, 200].map((kind) => {
              const start = numbers(shape, seed + at + kind);
              // The moments of a training that goes on: m is small, v is no less than its square.
              const values = start.values.map((number) => (kind === 200 ? 0.1 + Math.abs(number) : number));
              return tf.tidy(() => tf.variable(tensorOf({ shape, values })));
            }),
          );
          const held = tf.memory().numTensors;
          for (let step = 3; step <= 4; step++)
            tf.tidy(() => {
              const gradients = shapes.map((shape, at) => tensorOf(numbers(shape, seed + at + 300 + step)));
              const clip = measured ? clipFactor(globalNorm(gradients), limit) : 0.5;
              const parameters = all.map(([value, m, v], at) => ({
                ...{ value: value!, m: m!, v: v!, gradient: gradients[at]! },
                ...{ rate, decay: 0.1 * at },
              }));
              adamW(parameters, { step, beta1: 0.9, beta2: 0.99, epsilon: 1e-6, clip });
            });
          expect(tf.memory().numTensors, "tensors left behind").toBe(held);
          const read = await Promise.all(all.flat().map((one) => one.data()));
          tf.dispose(all.flat());
          return read as Float32Array[];
        };
        await tf.setBackend("cpu");
        const expected = await train();
        await tf.setBackend(device);
        const actual = await train();
        for (const [at, one] of expected.entries()) expect(relativeError(actual[at]!, one)).toBeLessThan(1e-4);
      },
    ) as never,
  );

  test("globalNorm, of more gradients than a shader may bind", async () => {
    const gradients = Array.from({ length: 150 }, (_, at) => tf.fill([1 + (at % 3)], at));
    const squares = gradients.reduce((sum, { size }, at) => sum + size * at ** 2, 0);
    await expect(globalNorm(gradients)).toBeAllclose(Math.sqrt(squares), { relative: 1e-5 });
    tf.dispose(gradients);
  });

  test("what does not fit is refused, with both shapes named", () => {
    const a = tf.zeros([2, 3]);
    expect(() => matMul(a, tf.zeros([4, 5]))).toThrow(/\[2,3\].*\[4,5\]/);
    expect(() => linear(a, tf.zeros([5, 4]))).toThrow(/\[2,3\].*width 4/);
    expect(() => rotary(a, { heads: 1 })).toThrow("1 heads cannot turn vectors of width 3 in pairs");
  });
});
