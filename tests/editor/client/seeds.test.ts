import { expect, test } from "vitest";
import { parseSeeds } from "../../../editor/client/form/seeds.ts";

test("seeds are read as people write them, each once", () => {
  expect(parseSeeds("")).toEqual([]);
  expect(parseSeeds("7")).toEqual([7]);
  expect(parseSeeds("1, 2;3")).toEqual([1, 2, 3]);
  expect(parseSeeds("1-3, 2, 9")).toEqual([1, 2, 3, 9]);
});

test("what is no list of seeds, or too long a one, is told", () => {
  for (const text of ["a", "-1", "1.5", "3-1", "0-999999999", "0-20, 100-120"])
    expect(parseSeeds(text)).toBeUndefined();
});
