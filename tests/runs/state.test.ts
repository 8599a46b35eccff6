import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LogRecord } from "../../src/channels/channel.ts";
import { waitingShare } from "../../src/channels/time.ts";
import type { RecordBody } from "../../src/runs/record.ts";
import { emptyRun, foldRecords, type RunState, secondsLeft } from "../../src/runs/state.ts";
import { plain } from "./plain.ts";
import { logArbitrary } from "./recordArbitrary.ts";

const device = { name: "cpu", reason: "asked for", description: "reference" };
const started = (from = 0): RecordBody => ({ channel: "run", value: { name: "emoji", seed: 1, device, from } });

function logOf(...bodies: RecordBody[]): LogRecord[] {
  return bodies.map((body, seq) => ({ seq, time: 1000 * seq, ...body }));
}

const lossOf = (step: number, total: number): RecordBody => ({ channel: "loss", step, value: { total } });
const timeOf = (step: number, milliseconds: number, waiting?: number): RecordBody => ({
  channel: "time",
  step,
  value: { milliseconds, ...(waiting === undefined ? {} : { waiting }) },
});

const expectSame = (a: RunState, b: RunState) => expect(plain(a)).toEqual(plain(b));

describe("the fold of a log", () => {
  test("is the same when any part of the log is replayed", () => {
    fc.assert(
      fc.property(logArbitrary, fc.nat(40), fc.nat(40), (records, from, length) => {
        const once = foldRecords(emptyRun(), records);
        expectSame(foldRecords(once, records.slice(from, from + length)), once);
        const prefix = foldRecords(emptyRun(), records.slice(0, length));
        expectSame(foldRecords(prefix, records), once);
        expectSame(foldRecords(emptyRun(), [...records.slice(0, length), ...records]), once);
      }),
    );
  });

  test("is the same in whatever batches the records come", () => {
    fc.assert(
      fc.property(logArbitrary, fc.integer({ min: 1, max: 7 }), (records, size) => {
        let state = emptyRun();
        for (let at = 0; at < records.length; at += size) state = foldRecords(state, records.slice(at, at + size));
        expectSame(state, foldRecords(emptyRun(), records));
      }),
    );
  });

  test("leaves the state that it starts from unchanged, also where two logs go on from it", () => {
    fc.assert(
      fc.property(logArbitrary, fc.nat(40), (records, cut) => {
        const state = foldRecords(emptyRun(), records.slice(0, cut));
        const before = structuredClone(plain(state));
        const after = foldRecords(state, records.slice(cut));
        const kept = structuredClone(plain(after));
        foldRecords(
          state,
          logOf(...[1, 2, 3].map((step) => lossOf(step, -step))).map((record) => ({ ...record, seq: 99 + record.seq })),
        );
        expect(plain(state)).toEqual(before);
        expect(plain(after)).toEqual(kept);
      }),
    );
  });

  test("counts the next record", () => {
    fc.assert(fc.property(logArbitrary, (records) => foldRecords(emptyRun(), records).next === records.length));
  });

  test("passes over values that are not what their channel says, and goes on after them", () => {
    const bad = [null, 3, "x", [], {}, { total: "much" }, { status: "gone" }, { gates: [{}] }];
    const channels = ["run", "status", "node", "training", "loss", "gates", "samples", "results", "attention"];
    for (const channel of channels) {
      for (const value of bad) {
        const records = [
          { seq: 0, time: 0, channel, step: 1, value },
          ...logOf(lossOf(1, 2)).map((record) => ({ ...record, seq: 1 })),
        ];
        const state = foldRecords(emptyRun(), records);
        expect(state.next).toBe(2);
        expect(state.channels.loss.total.ys).toEqual([2]);
      }
    }
  });
});

describe("a resumed run", () => {
  const training: RecordBody = { channel: "training", value: { node: "train", steps: 4, weights: 9, trainable: 3 } };
  const gates: RecordBody = {
    channel: "gates",
    value: { gates: [{ node: "model", path: ["a"], layer: 0, update: "Feed-forward" }] },
  };
  const stepOf = (step: number, loss: number): RecordBody[] => [
    lossOf(step, loss),
    { channel: "gates", step, value: [step / 10] },
  ];
  const failed: RecordBody = {
    channel: "status",
    value: { status: "failed", error: { code: "NON_FINITE", message: "no number" } },
  };
  const before = logOf(started(), training, gates, ...stepOf(1, 5), ...stepOf(2, 4), ...stepOf(3, 3), failed);

  test("does again what came after its checkpoint, and keeps what came before", () => {
    const again = logOf(started(2), training, gates, ...stepOf(3, 2.5)).map((record) => ({
      ...record,
      seq: record.seq + before.length,
    }));
    const state = foldRecords(foldRecords(emptyRun(), before), again);
    const { loss, gates: open } = state.channels;
    expect(loss.total.xs).toEqual([1, 2, 3]);
    expect(loss.total.ys).toEqual([5, 4, 2.5]);
    expect(open.series.map(({ ys }) => ys)).toEqual([[0.1, 0.2, 0.3]]);
    expect(state.step).toBe(3);
    expect(state.status).toBe("running");
    expect(state.error).toBeUndefined();
  });

  test("that waits for its turn shows as queued, not as failed", () => {
    const queued: LogRecord = { seq: before.length, time: 9000, channel: "status", value: { status: "queued" } };
    const state = foldRecords(foldRecords(emptyRun(), before), [queued]);
    expect(state.status).toBe("queued");
    expect(state.error).toBeUndefined();
    expect(state.channels.loss.total.xs).toEqual([1, 2, 3]);
  });
});

describe("the share of a step that waits for data", () => {
  const timesOf = (...records: RecordBody[]) => foldRecords(emptyRun(), logOf(started(), ...records)).channels.time;

  test("is told by the steps, each by the time it took", () => {
    expect(waitingShare(timesOf(timeOf(1, 30, 0.5), timeOf(2, 10, 0.1)))).toBeCloseTo(0.4, 12);
  });

  test("is that of the last steps", () => {
    const steps = Array.from({ length: 40 }, (_, at) => timeOf(at + 1, 5, at < 20 ? 1 : 0.25));
    expect(waitingShare(timesOf(...steps))).toBe(0.25);
  });

  test("is not known of a log that does not tell, and forgotten with the steps that are done again", () => {
    expect(waitingShare(timesOf(timeOf(1, 5)))).toBeUndefined();
    expect(timesOf(timeOf(1, 5, 0.5), timeOf(2, 5, 0), started(1)).waiting.ys).toEqual([0.5]);
  });
});

test("the time left comes from a node's own pace", () => {
  const progress = { state: "running", step: 30, total: 50, since: 1000, sinceStep: 10 } as const;
  expect(secondsLeft(progress, 11_000)).toBe(10); // 20 steps in 10 s, 20 to go
  expect(secondsLeft({ ...progress, step: 10 }, 11_000)).toBeUndefined();
});
