import { expect, test } from "vitest";
import { studentInterval } from "../../src/runs/studentInterval.ts";

test("the interval of a mean is as wide as Student's t says of so many values", () => {
  // Two-sided 95% points of t, of tables, by degrees of freedom.
  const points = { 1: 12.706, 2: 4.303, 10: 2.228, 30: 2.042, 31: 2.0395, 40: 2.021, 60: 2.0, 120: 1.98 };
  for (const [freedom, point] of Object.entries(points)) {
    const count = Number(freedom) + 1;
    const values = Array.from({ length: count }, (_, at) => 5 + at);
    const deviation = Math.sqrt((count * (count + 1)) / 12); // of 0, 1, ..., n - 1
    const { value, low, high } = studentInterval(values);
    expect(value).toBeCloseTo(5 + (count - 1) / 2);
    expect((high - value) / (deviation / Math.sqrt(count))).toBeCloseTo(point, 3);
    expect(value - low).toBeCloseTo(high - value);
  }
});
