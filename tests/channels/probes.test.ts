import { expect, test } from "vitest";
import type { PortReading, ProbeRequest, Reading } from "../../src/channels/channel.ts";
import { entropy } from "../../src/channels/entropy.ts";
import { stream } from "../../src/channels/stream.ts";

const place = { node: "language", path: ["gated_cross_attn_layers.0", "attn_gate"] };

function reading(read: PortReading, shape: number[], data: number[]): Reading {
  return { ...place, inputs: { update: "MaskedCrossAttention" }, read, shape, data: Float32Array.from(data) };
}

const probed = <Value>(channel: { probe?: ProbeRequest<Value> }, readings: Reading[]) => channel.probe!.value(readings);

test("the share that a layer adds is the norm of what came out less what went in, over both norms", () => {
  const gate = (port: "x" | "y") => ({ block: "TanhGate", of: port === "x" ? { input: "x" } : { output: "y" } });
  const [x, y] = [
    [3, 4, 0, 0],
    [3, 4, 3, 4],
  ];
  const value = probed(stream, [reading(gate("x"), [1, 2, 2], x!), reading(gate("y"), [1, 2, 2], y!)]);
  // Two tokens: one of norm 5 that stays, one of norm 0 to which 5 is added.
  const root = Math.sqrt(25 / 2);
  expect(value).toEqual([
    { ...place, update: "MaskedCrossAttention", before: root, added: root, after: Math.sqrt(25) },
  ]);
  const state = stream.fold(stream.empty, stream.value.parse(value), { seq: 0, time: 0, step: 50 });
  const figure = stream.figure!(state, { what: "share" }, { step: 50, steps: 100 })!;
  const [panel] = figure.rows[0]!;
  expect(panel).toMatchObject({ readout: { value: "50.0%", label: "most, layer 1, cross-attention" } });
});

test("behind a closed gate nothing is added, and the share is 0 also where the stream is 0", () => {
  const gate = (of: PortReading["of"]) => reading({ block: "TanhGate", of }, [1, 1, 2], [0, 0]);
  const value = probed(stream, [gate({ input: "x" }), gate({ output: "y" })]);
  const state = stream.fold(stream.empty, stream.value.parse(value), { seq: 0, time: 0, step: 50 });
  const [panel] = stream.figure!(state, { what: "share" }, { step: 50, steps: 100 })!.rows[0]!;
  expect(panel).toMatchObject({ kind: "lines", lines: [{ x: [50], y: [0] }] });
});

test("entropy is −Σ p ln p of each head, over the tokens that may attend to anything", () => {
  const read = { block: "Attention", within: "MaskedCrossAttention", of: { probe: "weights" } };
  // One sequence, two heads, two tokens, four keys: the first token sees nothing, the second the last two keys.
  const even = [0, 0, 0.5, 0.5];
  const sharp = [0, 0, 1, 0];
  const none = [0, 0, 0, 0];
  const [one] = probed(entropy, [reading(read, [1, 2, 2, 4], [...none, ...even, ...none, ...sharp])]);
  expect(one!.heads[0]).toBeCloseTo(Math.LN2, 12);
  expect(one!.heads[1]).toBe(0);
  // A weight that is exactly 0 cannot be told from one that is hidden.
  expect(one!.even).toBeCloseTo(Math.LN2 / 2, 12);
});
