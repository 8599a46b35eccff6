import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { evaluateConstants } from "../../../kernel/interpreter/constantCell.ts";
import { Cells } from "./cells.ts";

const cells = await Cells.start();
vi.spyOn(console, "log").mockImplementation(() => {});

test("cells of numbers and strings have their value without the compiler", () => {
  expect(evaluateConstants("1 + 1")).toEqual({ value: 2 });
  expect(evaluateConstants("-(2 ** 3) * 1.5 % 7;\n'a'")).toEqual({ value: "a" });
  expect(evaluateConstants("1\nconsole.log()")).toEqual({ value: undefined });
});

test.each([
  ...["1 + '1'", "1 + x", "1(2)", "1\n(2)", "1\n- 1", "(1", "1, 2", "-1 ** 2", "010", "/1/ + 1", "1++", "1 // 2\n/3/"],
  ...[
    "'\\8'",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the code of a cell
    "`${1}`",
    "console.log(x)",
    "console.error(1)",
    "console.log(1).x",
    "const a = 1",
    "true",
    "",
    "1n",
    "1 < 2",
  ],
])("%j is for the compiler", (code) => {
  expect(evaluateConstants(code)).toBeUndefined();
});

test("what is computed without the compiler has the same value with it, and no error", async () => {
  await cells.run("0"); // the compiler is there
  const part = fc.constantFrom(
    ..."0 1 23 4.5 + - * / % ** ( ) , ; ' \" console.log( \n a".split(" ").map((each) => each || " "),
    " ",
  );
  const term = fc.constantFrom("1", "2.5", "(3)", "-4", "'a'", '"b"', "console.log(5, 'c')");
  const joint = fc.constantFrom(" + ", " ** ", "-", ";\n", "\n", " % ");
  const sums = fc.array(fc.tuple(term, joint), { minLength: 1, maxLength: 4 });
  const code = fc.oneof(
    { weight: 1, arbitrary: fc.array(part, { maxLength: 8 }).map((parts) => parts.join("")) },
    { weight: 3, arbitrary: sums.map((parts) => parts.flat().slice(0, -1).join("")) },
  );
  await fc.assert(
    fc.asyncProperty(code, async (text) => {
      const constants = evaluateConstants(text);
      if (constants) expect(await cells.run(text)).toEqual(constants.value);
    }),
    { numRuns: 400, seed: 1 },
  );
});
