import fc from "fast-check";
import { expect, test } from "vitest";
import { type Bits, bitWidths, groupSize, groupsInRow, heldBytes } from "../../src/core/quantization.ts";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { memoryUse } from "../../src/engine/memory.ts";
import { multiply } from "../../src/engine/ops/elementwise.ts";
import { allRows, embedding, joinTokens, tokenLogits, tokenVectors } from "../../src/engine/ops/embedding.ts";
import { linear } from "../../src/engine/ops/matMul.ts";
import { QuantizedMatrix } from "../../src/engine/ops/quantized.ts";
import { quantize, unquantize } from "../../src/engine/readings/quantize.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import * as tf from "../../src/engine/tensor.ts";
import { describeDevices } from "../devices.ts";
import { agrees, seed, size, tries } from "./agreement.ts";
import { relativeError } from "./evaluate.ts";
import { numbers, tensorOf } from "./numbers.ts";

const bitWidth = fc.constantFrom(...bitWidths);

/** A width within a group, at its end, and beyond; more than are unpacked at a time. */
const width = fc.constantFrom(1, 7, 16, 63, 64, 65, 100, 128, 520);

function quantizedNumbers([rows, columns]: [number, number], bits: Bits, drawn: number) {
  const { values } = numbers([rows, columns], drawn);
  const original = Float32Array.from(values);
  const packed = quantize([rows, columns], bits, (target, first) =>
    target.set(original.subarray(first, first + target.length)),
  );
  return { original, packed, unpacked: unquantize([rows, columns], bits, packed) };
}

/** A matrix on the open device, made anew where it is used. */
function matrixOf([rows, columns]: [number, number], bits: Bits, drawn: number): QuantizedMatrix {
  const { values, scales } = quantizedNumbers([rows, columns], bits, drawn).packed;
  const held = {
    values: tf.tensor(values, [rows, values.length / rows], "int32"),
    scales: tf.tensor(scales, [rows, scales.length / rows]),
  };
  return new QuantizedMatrix(held, { columns, bits });
}

test("a number is off by at most half its group's scale, which its largest number gives", () => {
  fc.assert(
    fc.property(size, width, bitWidth, seed, (rows, columns, bits, drawn) => {
      const { original, packed, unpacked } = quantizedNumbers([rows, columns], bits, drawn);
      const groups = groupsInRow(columns);
      for (let at = 0; at < original.length; at++) {
        const [row, column] = [Math.floor(at / columns), at % columns];
        const scale = packed.scales[row * groups + Math.floor(column / groupSize)]!;
        expect(Math.abs(original[at]! - unpacked[at]!)).toBeLessThanOrEqual((scale / 2) * (1 + 1e-5));
        const group = original.slice(row * columns).slice(column - (column % groupSize), column + 1);
        expect(scale * (2 ** (bits - 1) - 1)).toBeGreaterThanOrEqual(Math.max(...group.map(Math.abs)) * (1 - 1e-6));
      }
    }),
    { numRuns: 20, seed: 7 },
  );
});

test("zeros stay zeros, and a number that is none stays none and in its group", () => {
  const row = new Float32Array(2 * groupSize);
  row[3] = Number.NaN;
  row[groupSize] = 2;
  const read = (target: Float32Array, first: number) => target.set(row.subarray(first, first + target.length));
  const found = unquantize([1, row.length], 8, quantize([1, row.length], 8, read));
  expect(found.slice(0, groupSize).every(Number.isNaN)).toBe(true);
  expect(found[groupSize]).toBeCloseTo(2, 5);
  expect(found.slice(groupSize + 1).every((number) => number === 0)).toBe(true);
});

describeDevices("a quantised matrix", (device) => {
  test("gives the product and the gradient of its numbers in single precision", async () => {
    const drawn = fc.record({
      lines: fc.constantFrom(1, 3, 8, 9, 40),
      rows: fc.constantFrom(1, 5, 16, 33, 70, 300),
      columns: width,
      biased: fc.boolean(),
      bits: bitWidth,
      seed,
    });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ lines, rows, columns, biased, bits, seed }) => {
        const inputs = { x: numbers([lines, columns], seed), ...(biased && { bias: numbers([rows], seed + 1) }) };
        await agrees(device, {
          inputs,
          run: ({ x, bias }) => linear(x!, matrixOf([rows, columns], bits, seed), bias),
        });
        // And that is what the numbers themselves give.
        const dense = quantizedNumbers([rows, columns], bits, seed).unpacked;
        await tf.setBackend(device);
        const [ours, plain] = tf.tidy(() => {
          const x = tensorOf(inputs.x);
          return [linear(x, matrixOf([rows, columns], bits, seed)), linear(x, tf.tensor(dense, [rows, columns]))];
        });
        expect(relativeError((await ours!.data()) as Float32Array, (await plain!.data()) as Float32Array)).toBeLessThan(
          1e-4,
        );
        tf.dispose([ours!, plain!]);
      }),
      { ...tries(device), numRuns: device === "webgpu" ? 6 : 12 },
    );
  });

  test("gives its rows by their ids, and refuses an id that it has no row for", async () => {
    await tf.setBackend(device);
    for (const bits of bitWidths) {
      const { unpacked } = quantizedNumbers([9, 70], bits, 5);
      const rows = tf.tidy(() => embedding(matrixOf([9, 70], bits, 5), tf.tensor([8, 0, 3, 3], [2, 2], "int32")));
      const expected = [8, 0, 3, 3].flatMap((row) => [...unpacked.slice(row * 70, (row + 1) * 70)]);
      await expect(rows).toBeAllclose(expected, { absolute: 1e-6 });
      expect(rows.shape).toEqual([2, 2, 70]);
      rows.dispose();
    }
    const beyond = () => tf.tidy(() => embedding(matrixOf([9, 70], 8, 5), tf.tensor([9], [1], "int32")));
    expect(beyond).toThrow("id 9 is not in a table of 9 rows");
  });

  test("with new tokens below it gives vectors, logits and gradients as a frozen table of single precision does", async () => {
    await tf.setBackend(device);
    const [tokens, added, dim] = [7, 2, 66];
    const fresh = tf.tidy(() => tf.variable(tensorOf(numbers([added, dim], 2))));
    const frozen = tf.tidy(() =>
      tf.variable(tf.tensor(quantizedNumbers([tokens, dim], 8, 1).unpacked, [tokens, dim]), false),
    );
    const cotangent = numbers([2, 3, tokens + added], 3);
    const found = [];
    for (const quantised of [true, false]) {
      const loss = () => {
        const table = joinTokens(quantised ? matrixOf([tokens, dim], 8, 1) : frozen, fresh);
        const vectors = tokenVectors(table, tf.tensor([0, 8, 3, 7, 6, 8], [2, 3], "int32"));
        return tf.sum(multiply(tokenLogits(vectors, table), tensorOf(cotangent)));
      };
      const { value, gradients } = tf.tidy(() => valueAndGradients(loss, [fresh]) as never) as {
        value: tf.Tensor;
        gradients: tf.Tensor[];
      };
      found.push({ value: await value.data(), gradient: (await gradients[0]!.data()) as Float32Array });
      tf.dispose([value, ...gradients]);
    }
    expect(relativeError(found[0]!.gradient, found[1]!.gradient)).toBeLessThan(1e-4);
    expect(found[0]!.value[0]! / found[1]!.value[0]!).toBeCloseTo(1, 4);
    tf.dispose([fresh, frozen]);
  });

  test("takes the bytes that it should, only where it is frozen, and is read back as it was", async () => {
    await tf.setBackend(device);
    const { original, unpacked } = quantizedNumbers([50, 200], 4, 3);
    const before = memoryUse();
    const weights = new Weights(0);
    weights.startFrom("", new Map([["w", { shape: [50, 200], data: original }]]), "a file", 4);
    const spec = {
      name: "w",
      shape: [50, 200],
      initial: { kind: "zeros" },
      group: "pretrained",
      matrix: true,
    } as const;
    const held = weights.hold({ ...spec, frozen: true });
    expect(held).toBeInstanceOf(QuantizedMatrix);
    expect(weights.hold({ ...spec, frozen: true })).toBe(held);
    expect(memoryUse().bytes - before.bytes).toBe(heldBytes([50, 200], 4));
    expect((await weights.save()).get("w")!.data).toEqual(unpacked);
    weights.load(new Map([["w", { shape: [50, 200], data: original.map((number) => 3 * number) }]]), "", "a file");
    const rows = tf.tidy(() => allRows(held));
    await expect(rows).toBeAllclose(
      unpacked.map((number) => 3 * number),
      { absolute: 1e-4 },
    );
    rows.dispose();
    weights.dispose();
    expect(memoryUse()).toMatchObject({ tensors: before.tensors, bytes: before.bytes });
    const trained = new Weights(0);
    trained.startFrom("", new Map([["w", { shape: [50, 200], data: original }]]), "a file", 4);
    expect(trained.hold({ ...spec, frozen: false })).toBeInstanceOf(tf.tf.Tensor);
    trained.dispose();
  });
});
