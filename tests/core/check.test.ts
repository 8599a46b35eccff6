import { describe, expect, test } from "vitest";
import { z } from "zod";
import { checkInputs } from "../../src/core/check.ts";
import { count } from "../../src/core/configFields.ts";
import { float32, int32, optional } from "../../src/core/port.ts";
import { definePrimitive } from "../../src/engine/readings/primitive.ts";
import { refusalOf } from "./refusalOf.ts";

const Block = definePrimitive({
  name: "Block",
  title: "Block",
  category: "Tensor",
  summary: "A block.",
  config: z.strictObject({ dim: count("Width", "Width.") }),
  example: { dim: 2 },
  inputs: { hidden: float32("batch length dim", "hidden states"), ids: optional(int32("batch length", "token ids")) },
  outputs: { pooled: float32("batch 2*dim", "pooled") },
  build:
    () =>
    ({ hidden }) =>
      hidden,
});

const real = (...shape: number[]) => ({ shape, dtype: "float32" });
const check = (inputs: Parameters<typeof checkInputs>[2]) => checkInputs(Block, { dim: 4 }, inputs, "layers.0");

describe("a block's inputs", () => {
  test("that fit say what shapes its outputs will have", () => {
    expect(check({ hidden: real(2, 5, 4) }).outputs).toEqual({ pooled: [2, 8] });
    expect(check({ hidden: real(2, 5, 4), ids: { shape: [2, 5], dtype: "int32" } }).outputs).toEqual({
      pooled: [2, 8],
    });
    expect(check({ hidden: real(2, 5, 4), ids: undefined }).outputs).toEqual({ pooled: [2, 8] });
  });

  test("of another number type are refused", () => {
    expect(refusalOf(() => check({ hidden: real(2, 5, 4), ids: real(2, 5) }))).toEqual({
      code: "DTYPE_MISMATCH",
      message: 'input "ids" of Block at "layers.0" takes int32, found float32',
      block: "layers.0",
      port: "ids",
      expected: "int32",
      actual: "float32",
      fix: "give it token ids as int32",
    });
  });

  test("that disagree with each other are refused, with the sizes of both", () => {
    const refusal = refusalOf(() => check({ hidden: real(2, 5, 4), ids: { shape: [2, 6], dtype: "int32" } }));
    expect(refusal).toMatchObject({ code: "SHAPE_MISMATCH", block: "layers.0", port: "ids", expected: 5, actual: 6 });
  });
});
