import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluateDim, isName, namesIn, parseShape, printShape, renameDim } from "../../src/core/shape.ts";

/** Arithmetic over names as text, and its value by plain JavaScript. */
const sizes: Record<string, number> = { dim: 6, heads: 4, patch_2: 3 };
const arithmetic = fc.letrec<{ sum: [string, number] }>((tie) => ({
  sum: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(...Object.entries(sizes)),
    fc.integer({ min: 0, max: 99 }).map((number): [string, number] => [`${number}`, number]),
    fc
      .tuple(tie("sum"), fc.constantFrom("+", "-", "*"), tie("sum"))
      .map(([[a, x], operator, [b, y]]): [string, number] => [
        `(${a}${operator}${b})`,
        operator === "+" ? x + y : operator === "-" ? x - y : x * y,
      ]),
  ),
})).sum;

describe("a dimension", () => {
  test("is worked out by the rules of arithmetic", () => {
    fc.assert(
      fc.property(arithmetic, ([text, value]) => {
        expect(evaluateDim(text, (name) => sizes[name])).toBe(value);
      }),
    );
  });

  test.each([
    ["2+3*dim", 20],
    ["2*3+dim", 12],
    ["(2+3)*dim", 30],
    ["dim-1-2", 3],
    ["imageSize/patch", 4],
    ["(imageSize/patch)*(imageSize/patch)", 16],
    [7, 7],
  ])("%s is %i: products before sums, from left to right, whole parts of quotients", (dim, value) => {
    expect(evaluateDim(dim, (name) => ({ dim: 6, imageSize: 35, patch: 8 })[name])).toBe(value);
  });

  test("is unknown while one of its names is", () => {
    expect(evaluateDim("frames*features", (name) => (name === "frames" ? 2 : undefined))).toBeUndefined();
  });

  test("knows its names, and whether it is just one", () => {
    expect(namesIn("(a+b)*2/a")).toEqual(["a", "b", "a"]);
    expect(namesIn(7)).toEqual([]);
    expect([isName("heads"), isName("2*heads"), isName("...lead"), isName(3)]).toEqual([true, false, false, false]);
    expect(renameDim("height/stride", (name) => (name === "stride" ? "2" : name))).toBe("height/2");
  });
});

describe("a shape", () => {
  test("is read from words, and written in brackets", () => {
    expect(parseShape("...lead 3 2*dim")).toEqual(["...lead", 3, "2*dim"]);
    expect(parseShape("")).toEqual([]);
    expect(printShape([2, "length", 64])).toBe("[2, length, 64]");
  });

  test.each(["batch ...rest", "a..b", "...", "dim$", "(dim", "dim)", "2**dim", "dim+", "..lead"])(
    "refuses %s",
    (text) => {
      expect(() => parseShape(text)).toThrow(Error);
    },
  );
});
