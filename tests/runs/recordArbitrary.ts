import fc from "fast-check";
import type { LogRecord } from "../../src/channels/channel.ts";
import { histogramOf } from "../../src/channels/histogram.ts";
import type { RecordBody } from "../../src/runs/record.ts";

const step = fc.integer({ min: 0, max: 40 });
const value = fc.oneof(
  { weight: 6, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true, min: -9, max: 9 }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
);
const node = fc.constantFrom("train", "images", "evaluate");
const text = fc.string({ maxLength: 12 });
const error = fc.constant({ code: "NON_FINITE" as const, message: "the loss is NaN", fix: "lower the rate" });
const place = fc.record({ node, path: fc.array(text, { maxLength: 2 }) });
const gate = fc.record({ node, path: fc.array(text, { maxLength: 2 }), layer: fc.nat(3), update: text });
const part = fc.tuple(place, text).map(([where, group]) => ({ ...where, group }));
const two = fc.array(value, { minLength: 2, maxLength: 2 });
const additions = fc
  .tuple(place, text, value, value, value)
  .map(([where, update, before, added, after]) => ({ ...where, update, before, added, after }));
const lenses = fc.record({
  image: fc.nat(3),
  label: text,
  tokens: fc.constant(["red", "heart"]),
  layers: fc.constant(["gated_cross_attn_layers.0", "layers.0"]),
  seen: fc.tuple(two, two),
  masked: fc.tuple(two, two),
});
const entropies = fc.tuple(place, two, value).map(([where, heads, even]) => ({ ...where, heads, even }));
const spreads = fc
  .tuple(place, fc.constantFrom("weights", "gradients"), text, fc.array(fc.double({ min: -9, max: 9, noNaN: true })))
  .map(([where, of, group, numbers]) => ({ ...where, of, group, histogram: histogramOf(Float32Array.from(numbers)) }));

/** A record of a channel, with a value like this. */
function body<Channel extends string, Value>(channel: Channel, value: fc.Arbitrary<Value>) {
  return fc.record({ channel: fc.constant(channel), value });
}

/** The same, at a step. */
function stepped<Channel extends string, Value>(channel: Channel, value: fc.Arbitrary<Value>) {
  return fc.record({ channel: fc.constant(channel), step, value });
}

/** Any record but its number and time: also ones in an order that no run would write. */
export const bodyArbitrary = fc.oneof(
  body(
    "run",
    fc.record({
      name: text,
      seed: fc.nat(),
      device: fc.constant({ name: "cpu", reason: "asked for", description: "reference" }),
      from: step,
    }),
  ),
  body(
    "status",
    fc.record(
      { status: fc.constantFrom("queued", "running", "paused", "stopping", "succeeded", "stopped", "failed"), error },
      { requiredKeys: ["status"] },
    ),
  ),
  body(
    "node",
    fc.record(
      {
        node,
        state: fc.constantFrom("queued", "running", "succeeded", "failed"),
        activity: text,
        step,
        total: step,
        error,
      },
      { requiredKeys: ["node", "state"] },
    ),
  ),
  body("training", fc.record({ node, steps: fc.nat(100), weights: fc.nat(), trainable: fc.nat() })),
  body("message", fc.record({ level: fc.constantFrom("info", "warning"), message: text })),
  body("gates", fc.record({ gates: fc.array(gate, { minLength: 2, maxLength: 2 }) })),
  body(
    "results",
    fc.record({
      node,
      set: text,
      title: text,
      metrics: fc.constant([
        {
          metric: "exact",
          title: "Exact",

          unit: "share",
          value: 0.5,
          low: 0.1,
          high: 0.9,
          count: 2,
          hits: 1,
        },
      ]),
    }),
  ),
  body(
    "fewShot",
    fc.record({
      node,
      set: text,
      title: text,
      choice: fc.constantFrom("random", "similar"),
      points: fc.array(
        fc.record(
          { shots: fc.nat(32), value, low: value, high: value, count: fc.nat(9), hits: fc.nat(9), best: value },
          { requiredKeys: ["shots", "value", "low", "high", "count", "hits"] },
        ),
        { maxLength: 3 },
      ),
    }),
  ),
  stepped("checkpoint", fc.record({ file: text })),
  stepped(
    "loss",
    fc.record(
      { total: value, datasets: fc.dictionary(fc.constantFrom("emoji", "pairs"), value) },
      { requiredKeys: ["total"] },
    ),
  ),
  stepped("optimizer", fc.record({ rate: value, norm: value })),
  stepped("gates", fc.array(value, { minLength: 2, maxLength: 2 })),
  stepped(
    "time",
    fc.record(
      { milliseconds: fc.nat(1000), waiting: fc.double({ noNaN: true, min: 0, max: 1 }) },
      { requiredKeys: ["milliseconds"] },
    ),
  ),
  stepped("attention", fc.record({ file: text })),
  stepped("samples", fc.array(fc.record({ image: fc.nat(3), label: text, caption: text }), { maxLength: 2 })),
  stepped("stream", fc.array(additions, { maxLength: 2 })),
  stepped("lens", fc.array(lenses, { maxLength: 2 })),
  stepped("entropy", fc.array(entropies, { maxLength: 2 })),
  stepped("histograms", fc.array(spreads, { maxLength: 2 })),
  body("weights", fc.record({ parts: fc.array(part, { minLength: 2, maxLength: 2 }) })),
  stepped("weights", fc.record({ gradient: two, weight: two, update: two })),
  stepped("unheardOf", fc.nat()),
) as fc.Arbitrary<RecordBody>;

/** A log: numbered from 0 without gaps, at times that do not go back. */
export const logArbitrary: fc.Arbitrary<LogRecord[]> = fc
  .array(fc.tuple(bodyArbitrary, fc.nat(500)), { maxLength: 40 })
  .map((entries) => {
    let time = 1_700_000_000_000;
    return entries.map(([record, wait], seq) => {
      time += wait;
      return { seq, time, ...record };
    });
  });
