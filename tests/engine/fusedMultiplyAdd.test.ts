import { expect, test } from "vitest";
import { openWasm } from "../../src/engine/devices/wasm/backend.ts";
import { hasFusedMultiplyAdd } from "../../src/engine/devices/wasm/fusedMultiplyAdd.ts";
import { gelu } from "../../src/engine/ops/activations.ts";
import { linear, matMul } from "../../src/engine/ops/matMul.ts";
import * as tf from "../../src/engine/tensor.ts";
import { optional } from "../optional.ts";
import { agrees } from "./agreement.ts";
import { numbers, tensorOf } from "./numbers.ts";

const fused = optional("products with fused multiply-add", hasFusedMultiplyAdd(), "this processor or Node has none");

test("the build without it, for machines that lack it, agrees with the plain formulas as well", async () => {
  const inputs = { x: numbers([3, 17, 26], 1), weight: numbers([33, 26], 2), bias: numbers([33], 3) };
  await agrees("wasm", { inputs, run: ({ x, weight, bias }) => gelu(linear(x!, weight!, bias!)) }, { fused: false });
  for (const m of [1, 5, 6, 11, 83]) {
    const factors = { a: numbers([m, 37], m), b: numbers([37, 19], m + 1) };
    await agrees("wasm", { inputs: factors, run: ({ a, b }) => matMul(a!, b!) }, { fused: false });
  }
});

test.runIf(fused)("a product is rounded once for each term where the machine can, and the device says so", async () => {
  // (1 + ε)² - (1 + 2ε) is ε² with one rounding, and 0 with two.
  const epsilon = 2 ** -12;
  const product = async () => {
    const a = tensorOf({ shape: [9, 2], values: new Float32Array(18).map((_, at) => (at % 2 ? 1 + epsilon : -1)) });
    const b = tensorOf({ shape: [2, 9], values: new Float32Array(18).map((_, at) => 1 + (at < 9 ? 2 : 1) * epsilon) });
    const c = matMul(a, b);
    const [value] = await c.data();
    tf.dispose([a, b, c]);
    return value;
  };
  expect(await openWasm({ threads: 2 })).toMatchObject({ fused: true, note: expect.stringContaining("FMA") });
  expect(await product()).toBe(epsilon ** 2);
  expect(await openWasm({ threads: 2, fused: false })).toMatchObject({ fused: false });
  expect(await product()).toBe(0);
});
