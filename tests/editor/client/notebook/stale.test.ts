import { expect, test } from "vitest";
import { type CellDependencies, staleCells } from "../../../../editor/client/notebook/document/stale.ts";

const ran = (order: number, declared: string[], used: string[] = []): CellDependencies => ({ order, declared, used });

test("cells are out of date whose variables were declared anew since, and those that depend on them", () => {
  const first = { a: ran(1, ["x"]), b: ran(2, ["y"], ["x"]), c: ran(3, [], ["y"]), other: ran(4, ["z"]) };
  expect(staleCells(first)).toEqual(new Map());
  const again = { ...first, a: ran(5, ["x"]) };
  expect(staleCells(again)).toEqual(
    new Map([
      ["b", ["x"]],
      ["c", ["y"]],
    ]),
  );
  const mended = { ...again, b: ran(6, ["y"], ["x"]) };
  expect(staleCells(mended)).toEqual(new Map([["c", ["y"]]]));
  expect(staleCells({ ...mended, c: ran(7, [], ["y"]) })).toEqual(new Map());
});

test("a cell is not out of date by what it declares itself, nor by a name that nobody declares", () => {
  expect(staleCells({ a: ran(1, ["x"], ["console"]), b: ran(2, ["w"], ["x"]) })).toEqual(new Map());
  expect(staleCells({ b: ran(1, [], ["x"]), a: ran(2, ["x"]) })).toEqual(new Map([["b", ["x"]]])); // declared later
});
