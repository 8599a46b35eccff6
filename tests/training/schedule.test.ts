import { describe, expect, test } from "vitest";
import { rateAt, type Schedule } from "../../src/training/schedule.ts";

const schedule: Schedule = { rate: 0.4, warmup: 4, after: "constant", steps: 12 };
const rates = (change: Partial<Schedule> = {}) =>
  Array.from({ length: 12 }, (_, index) => rateAt(index + 1, { ...schedule, ...change }));

describe("the learning rate", () => {
  test("rises evenly from the first step to its height, and stays", () => {
    expect(rates()).toBeAllclose([0.1, 0.2, 0.3, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4]);
  });

  test("or falls from there along half a cosine, to 0 at the last step", () => {
    const falling = rates({ after: "cosine" }).slice(4);
    expect(falling[3]).toBeCloseTo(0.2);
    expect(falling.at(-1)).toBeCloseTo(0);
    expect(falling.every((rate, index) => index === 0 || rate < falling[index - 1]!)).toBe(true);
    // As far below its height after a step as above 0 a step before the end.
    for (let index = 0; index < 7; index++) expect(falling[index]! + falling[6 - index]!).toBeCloseTo(0.4);
  });

  test("is there from the first step on without a warm-up", () => {
    expect(rates({ warmup: 0 })[0]).toBe(0.4);
  });

  test("stays at 0 if a run goes on beyond the steps of its cosine", () => {
    expect(rateAt(20, { ...schedule, after: "cosine" })).toBeCloseTo(0);
  });
});
