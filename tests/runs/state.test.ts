import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RunEvent } from "../../src/runs/event.ts";
import { emptyRun, foldEvents, secondsLeft, waitingShare } from "../../src/runs/state.ts";
import { logArbitrary } from "./eventArbitrary.ts";

const started = { type: "run:started", name: "emoji", seed: 1, from: 0 } as const;
const device = { name: "cpu", reason: "asked for", description: "reference" };

function logOf(...bodies: Parameters<typeof Object.assign>[1][]): RunEvent[] {
  return bodies.map((body, seq) => ({ seq, time: 1000 * seq, ...body }));
}
const step = (at: number, loss: number) => ({
  type: "train:step",
  step: at,
  loss,
  rate: 0.001,
  norm: 1,
  gates: [at / 10],
  milliseconds: 5,
});

describe("the fold of a log", () => {
  test("is the same when any part of the log is replayed", () => {
    fc.assert(
      fc.property(logArbitrary, fc.nat(40), fc.nat(40), (events, from, length) => {
        const once = foldEvents(emptyRun(), events);
        expect(foldEvents(once, events.slice(from, from + length))).toEqual(once);
        const prefix = foldEvents(emptyRun(), events.slice(0, length));
        expect(foldEvents(prefix, events)).toEqual(once);
      }),
    );
  });

  test("is the same in whatever batches the events come", () => {
    fc.assert(
      fc.property(logArbitrary, fc.integer({ min: 1, max: 7 }), (events, size) => {
        let state = emptyRun();
        for (let at = 0; at < events.length; at += size) state = foldEvents(state, events.slice(at, at + size));
        expect(state).toEqual(foldEvents(emptyRun(), events));
      }),
    );
  });

  test("leaves the state that it starts from unchanged", () => {
    fc.assert(
      fc.property(logArbitrary, fc.nat(40), (events, cut) => {
        const state = foldEvents(emptyRun(), events.slice(0, cut));
        const before = structuredClone(state);
        foldEvents(state, events.slice(cut));
        expect(state).toEqual(before);
      }),
    );
  });

  test("counts the next event", () => {
    fc.assert(fc.property(logArbitrary, (events) => foldEvents(emptyRun(), events).next === events.length));
  });
});

describe("a resumed run", () => {
  const train = { type: "train:started", node: "train", steps: 4, gates: ["a"], weights: 9, trainable: 3 };
  const failed = { type: "run:finished", outcome: "failed", error: { code: "NON_FINITE", message: "no number" } };
  const before = logOf({ ...started, device }, train, step(1, 5), step(2, 4), step(3, 3), failed);

  test("does again what came after its checkpoint, and keeps what came before", () => {
    const again = logOf({ ...started, device, from: 2 }, train, step(3, 2.5)).map((event) => ({
      ...event,
      seq: event.seq + before.length,
    }));
    const state = foldEvents(foldEvents(emptyRun(), before), again);
    expect(state.series.step).toEqual([1, 2, 3]);
    expect(state.series.loss).toEqual([5, 4, 2.5]);
    expect(state.series.gates).toEqual([[0.1, 0.2, 0.3]]);
    expect(state.status).toBe("running");
    expect(state.error).toBeUndefined();
  });

  test("that waits for its turn shows as queued, not as failed", () => {
    const queued = { seq: before.length, time: 9000, type: "run:state", state: "queued" } as const;
    const state = foldEvents(foldEvents(emptyRun(), before), [queued]);
    expect(state.status).toBe("queued");
    expect(state.error).toBeUndefined();
    expect(state.series.step).toEqual([1, 2, 3]);
  });
});

describe("the share of a step that waits for data", () => {
  const seriesOf = (...steps: object[]) => foldEvents(emptyRun(), logOf({ ...started, device }, ...steps)).series;

  test("is told by the steps, each by the time it took", () => {
    const series = seriesOf(
      { ...step(1, 5), waiting: 0.5, milliseconds: 30 },
      { ...step(2, 5), milliseconds: 10, waiting: 0.1 },
    );
    expect(waitingShare(series)).toBeCloseTo(0.4, 12);
  });

  test("is that of the last steps", () => {
    const steps = Array.from({ length: 40 }, (_, at) => ({ ...step(at + 1, 5), waiting: at < 20 ? 1 : 0.25 }));
    expect(waitingShare(seriesOf(...steps))).toBe(0.25);
  });

  test("is not known of a log that does not tell, and forgotten with the steps that are done again", () => {
    expect(waitingShare(seriesOf(step(1, 5)))).toBeUndefined();
    const series = seriesOf(
      { ...step(1, 5), waiting: 0.5 },
      { ...step(2, 5), waiting: 0 },
      { ...started, device, from: 1 },
    );
    expect(series.waiting).toEqual([0.5]);
  });
});

test("the time left comes from a node's own pace", () => {
  const progress = { state: "running", step: 30, total: 50, since: 1000, sinceStep: 10 } as const;
  expect(secondsLeft(progress, 11_000)).toBe(10); // 20 steps in 10 s, 20 to go
  expect(secondsLeft({ ...progress, step: 10 }, 11_000)).toBeUndefined();
});
