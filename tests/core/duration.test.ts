import { expect, test } from "vitest";
import { printSeconds } from "../../src/core/duration.ts";

test("a duration has two units at most, the second of two digits, and is never negative", () => {
  const seconds = [-1, 0.4, 8.2, 59.4, 59.6, 125, 3599.6, 3840, 90_000];
  const printed = ["0 s", "0 s", "8 s", "59 s", "1 min 00 s", "2 min 05 s", "1 h 00 min", "1 h 04 min", "25 h 00 min"];
  expect(seconds.map(printSeconds)).toEqual(printed);
});
