import fc from "fast-check";
import type { RunEvent, RunEventBody } from "../../src/runs/event.ts";

const step = fc.integer({ min: 0, max: 40 });
const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true, min: -9, max: 9 }), fc.constant(null));
const node = fc.constantFrom("train", "images", "evaluate");
const text = fc.string({ maxLength: 12 });
const error = fc.constant({ code: "NON_FINITE" as const, message: "the loss is NaN", fix: "lower the rate" });

/** Any event but its number and time: also ones in an order that no run would write. */
const body: fc.Arbitrary<RunEventBody> = fc.oneof(
  fc.record({
    type: fc.constant("run:started" as const),
    name: text,
    seed: fc.nat(),
    device: fc.constant({ name: "cpu", reason: "asked for", description: "reference" }),
    from: step,
  }),
  fc.record({
    type: fc.constant("run:state" as const),
    state: fc.constantFrom("queued" as const, "running" as const, "paused" as const, "stopping" as const),
  }),
  fc.record(
    { type: fc.constant("run:finished" as const), outcome: fc.constantFrom("succeeded", "stopped", "failed"), error },
    { requiredKeys: ["type", "outcome"] },
  ) as fc.Arbitrary<RunEventBody>,
  fc.record(
    {
      type: fc.constant("node:state" as const),
      node,
      state: fc.constantFrom("queued", "running", "succeeded", "failed"),
      activity: text,
      step,
      total: step,
      error,
    },
    { requiredKeys: ["type", "node", "state"] },
  ) as fc.Arbitrary<RunEventBody>,
  fc.record({
    type: fc.constant("train:started" as const),
    node,
    steps: fc.nat(100),
    gates: fc.array(text, { minLength: 2, maxLength: 2 }),
    weights: fc.nat(),
    trainable: fc.nat(),
  }),
  fc.record(
    {
      type: fc.constant("train:step" as const),
      step,
      loss: value,
      rate: fc.constant(1e-3),
      norm: value,
      gates: fc.array(value, { minLength: 2, maxLength: 2 }),
      milliseconds: fc.nat(1000),
      waiting: fc.double({ noNaN: true, min: 0, max: 1 }),
    },
    { requiredKeys: ["type", "step", "loss", "rate", "norm", "gates", "milliseconds"] },
  ),
  fc.record({ type: fc.constant("train:checkpoint" as const), step, file: text }),
  fc.record({ type: fc.constant("inspect:attention" as const), step, file: text }),
  fc.record({
    type: fc.constant("inspect:samples" as const),
    step,
    samples: fc.array(fc.record({ image: fc.nat(3), label: text, caption: text }), { maxLength: 2 }),
  }),
  fc.record({
    type: fc.constant("log:message" as const),
    level: fc.constantFrom("info" as const, "warning" as const),
    message: text,
  }),
);

/** A log: numbered from 0 without gaps, at times that do not go back. */
export const logArbitrary: fc.Arbitrary<RunEvent[]> = fc
  .array(fc.tuple(body, fc.nat(500)), { maxLength: 40 })
  .map((entries) => {
    let time = 1_700_000_000_000;
    return entries.map(([event, wait], seq) => {
      time += wait;
      return { seq, time, ...event };
    });
  });

export { body as bodyArbitrary };
