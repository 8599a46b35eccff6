import { describe, expect, test } from "vitest";
import { tensor } from "../src/engine/tensor.ts";

/** The message of a comparison that has to fail. */
function complaint(compare: () => void): string {
  try {
    compare();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing was wrong");
}

describe("toBeAllclose", () => {
  test("takes numbers, typed arrays and nested arrays, within the tolerance", () => {
    expect(1).toBeAllclose(1 + 1e-7);
    expect(Float32Array.of(1, 2)).toBeAllclose([1, 2]);
    expect([[1, 2], [3, 4]]).toBeAllclose([[1, 2], [3, 4]]); // biome-ignore format: a matrix
    expect([100, 0]).toBeAllclose([101, 0.5], { relative: 0.01, absolute: 0.5 });
    expect([Number.POSITIVE_INFINITY]).toBeAllclose([Number.POSITIVE_INFINITY]);
    expect([1]).not.toBeAllclose([1.1]);
  });

  test("takes tensors, and compares a flat list in reading order", async () => {
    const matrix = tensor([1, 2, 3, 4], [2, 2]);
    await expect(matrix).toBeAllclose([1, 2, 3, 4]);
    await expect([[1, 2], [3, 4]]).toBeAllclose(matrix); // biome-ignore format: a matrix
    await expect(matrix).not.toBeAllclose(tensor([1, 2, 3, 4], [1, 4]).reshape([4, 1]));
    await expect(expect(matrix).toBeAllclose([1, 2, 3, 5])).rejects.toThrow("at [1,1]: 4, expected 5");
  });

  test("says the largest error and where it is", () => {
    const wrong = () => expect([[1, 2], [3, 7], [5, 6.5]]).toBeAllclose([[1, 2], [3, 4], [5, 6]]); // biome-ignore format: a matrix
    expect(complaint(wrong)).toBe(
      "expected the numbers to be all close: largest error 3.00 (relative 0.750) at [1,1]: 7, expected 4; " +
        "2 of 6 are off by more than 0.000001 + 0.00001·|expected|",
    );
  });

  test("finds no number close that is none", () => {
    expect(complaint(() => expect([1, Number.NaN]).toBeAllclose([1, 2]))).toContain("at [1]: NaN");
    expect(complaint(() => expect([Number.NaN]).toBeAllclose([Number.NaN]))).toContain("NaN");
    expect(complaint(() => expect([1e30]).toBeAllclose([Number.POSITIVE_INFINITY]))).toContain("Infinity");
    expect(complaint(() => expect([Number.POSITIVE_INFINITY]).toBeAllclose([1e30], { relative: 1 }))).toContain("Inf");
  });

  test("refuses other shapes", () => {
    expect(complaint(() => expect([1, 2, 3]).toBeAllclose([1, 2]))).toContain("shape [3], expected [2]");
    expect(complaint(() => expect([[1], [2]]).toBeAllclose([[1, 2]]))).toContain("shape [2,1], expected [1,2]");
    expect(() => expect([[1], [1, 2]]).toBeAllclose([1])).toThrow("row 1 has shape [2], row 0 has [1]");
  });
});
