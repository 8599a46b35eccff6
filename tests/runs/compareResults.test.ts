import { expect, test } from "vitest";
import { compareResults, type Version } from "../../src/runs/compareResults.ts";

interface Made {
  seed: number;
  value: number;
  each?: number[];
  examples?: string;
  higherIsBetter?: boolean;
}

function version(name: string, runs: readonly Made[]): Version {
  return {
    name,
    runs: runs.map(({ seed, value, each, examples, higherIsBetter }) => ({
      seed,
      results: [
        {
          node: "evaluate",
          set: "s",
          title: "S",
          ...(examples === undefined ? {} : { examples }),
          metrics: [
            {
              ...{ metric: "m", title: "M", value, low: value - 1, high: value + 1, count: 4 },
              ...(each ? { each } : {}),
              ...(higherIsBetter === undefined ? {} : { higherIsBetter }),
            },
          ],
        },
      ],
    })),
  };
}

test("runs of the same seeds are compared in pairs, with Student's interval", () => {
  const base = version(
    "a",
    [1, 2, 3].map((seed) => ({ seed, value: 10 * seed })),
  );
  const other = version(
    "b",
    [3, 1, 2].map((seed) => ({ seed, value: 10 * seed + seed })),
  );
  const [row] = compareResults([base, other]);
  // Differences 1, 2, 3: mean 2, sd 1, t(2) = 4.303.
  const spread = 4.303 / Math.sqrt(3);
  expect(row!.differences[0]).toBeUndefined();
  expect(row!.differences[1]).toMatchObject({ value: 2, pairs: "seeds", count: 3, verdict: "unclear" });
  expect(row!.differences[1]!.low).toBeCloseTo(2 - spread, 6);
  expect(row!.differences[1]!.high).toBeCloseTo(2 + spread, 6);
  expect(row!.cells[0]).toMatchObject({ value: 20, runs: 3 });
});

test("one run each is compared example by example, where these are the same", () => {
  const each = [1, 2, 3, 4, 5, 6, 7, 8];
  const more = each.map((value, at) => value + 1 + (at % 2) * 0.01);
  const [a, b] = [
    { seed: 1, value: 4.5, each, examples: "x" },
    { seed: 2, value: 5.5, each: more, examples: "x" },
  ];
  const [row] = compareResults([version("a", [a]), version("b", [b])]);
  expect(row!.differences[1]).toMatchObject({ pairs: "examples", count: 8, verdict: "better" });
  expect(row!.differences[1]!.value).toBeCloseTo(1.005, 6);
  const [other] = compareResults([version("a", [a]), version("b", [{ ...b, examples: "y" }])]);
  expect(other!.differences[1]).toMatchObject({ pairs: "none", verdict: "unclear" });
});

test("less is better where the metric says so", () => {
  const runs = (value: number) => [1, 2].map((seed) => ({ seed, value: value + seed / 1000, higherIsBetter: false }));
  const [row] = compareResults([version("a", runs(3)), version("b", runs(2)), version("c", [])]);
  expect(row!.differences[1]).toMatchObject({ verdict: "better" });
  expect(row!.cells[2]).toBeUndefined();
  expect(row!.differences[2]).toBeUndefined();
});

test("a version that has not evaluated yet leaves the others without a difference to it", () => {
  const [row] = compareResults([version("a", []), version("b", [{ seed: 1, value: 1 }])]);
  expect(row!.cells).toMatchObject([undefined, { value: 1 }]);
  expect(row!.differences).toEqual([undefined, undefined]);
});
