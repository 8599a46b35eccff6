import { describe, expect, test } from "vitest";
import { roundUp } from "../../src/figures/axis.ts";
import { formatShare, formatWeights, words } from "../../src/figures/numbers.ts";
import { Series } from "../../src/figures/series.ts";
import { smooth } from "../../src/figures/smooth.ts";
import { dataWait, shownState, totalProgress } from "../../src/runs/progress.ts";
import { emptyRun, type NodeProgress, type RunState } from "../../src/runs/state.ts";

describe("smoothing", () => {
  const smoothed = (y: number[], weight: number) =>
    smooth(
      Series.of(
        y.map((_, index) => index),
        y,
      ),
      weight,
    ).ys;
  test("leaves a constant series constant, from its first value", () => {
    for (const value of smoothed([3, 3, 3, 3], 0.99)) expect(value).toBeCloseTo(3, 12);
  });
  test("does nothing at weight 0 and stays between the extremes at any other", () => {
    const series = [5, 1, 4, 2, 2];
    expect(smoothed(series, 0)).toEqual(series);
    for (const value of smoothed(series, 0.9)) expect(value >= 1 && value <= 5).toBe(true);
  });
  test("keeps what is not finite in its place, and out of every other value", () => {
    expect(smoothed([2, Number.NaN, 2, Number.POSITIVE_INFINITY, 2], 0.5)).toEqual([
      2,
      Number.NaN,
      2,
      Number.POSITIVE_INFINITY,
      2,
    ]);
  });
});

describe("progress", () => {
  const node = (state: NodeProgress["state"], more: Partial<NodeProgress> = {}): NodeProgress => ({
    state,
    since: 0,
    sinceStep: 0,
    ...more,
  });
  test("weighs nodes by their steps and tells the time left of the one at work", () => {
    const run = { ...emptyRun(), nodes: { data: node("succeeded"), train: node("running", { step: 50, total: 100 }) } };
    const total = totalProgress(run, 5000);
    expect(total.share).toBeGreaterThan(0.5);
    expect(total.share).toBeLessThan(0.55);
    expect(total.node).toBe("train");
    expect(total.secondsLeft).toBeCloseTo(5);
  });
  test("tells how much of a step waits for data while it trains", () => {
    const time = { milliseconds: Series.of([1, 2], [100, 100]), waiting: Series.of([1, 2], [0.01, 0.03]) };
    const run: RunState = { ...emptyRun(), channels: { ...emptyRun().channels, time } };
    const training = node("running", { activity: "training" });
    expect(dataWait(run, training)).toBe("data 2% of step");
    expect(dataWait(run, node("running", { activity: "evaluating" }))).toBeUndefined();
    expect(dataWait(emptyRun(), training)).toBeUndefined();
  });
  test("nothing is at work or waits in a run that ended", () => {
    expect(shownState("running", node("running"))).toBe("running");
    expect(shownState("stopped", node("running"))).toBe("stopped");
    expect(shownState("failed", node("queued"))).toBe("idle");
    expect(shownState("succeeded", node("succeeded"))).toBe("succeeded");
    expect(shownState("queued", undefined)).toBe("idle");
  });
  test("is nothing before a run and all after it", () => {
    expect(totalProgress(emptyRun(), 0)).toEqual({ share: 0 });
    expect(totalProgress({ ...emptyRun(), status: "succeeded" }, 0)).toEqual({ share: 1 });
  });
});

test("an axis ends at a round number", () => {
  expect([0.031, 0.12, 1, 2.1, 3.4, 740].map(roundUp)).toEqual([0.05, 0.2, 1, 2.5, 5, 1000]);
  expect(roundUp(0)).toBe(1);
});

test("numbers are written for people", () => {
  expect([0, 940, 231_000, 1_070_000, 8e10].map(formatWeights)).toEqual(["0", "940", "231 k", "1.07 M", "80.0 B"]);
  expect(formatShare(0.2641)).toBe("26.4%");
  expect(words("unseenStyle_all")).toBe("unseen style all");
});
