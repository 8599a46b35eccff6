import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readFrame } from "../../src/channels/attention.ts";
import { RunLog } from "../../src/runs/log.ts";
import { logFile, readRecords } from "../../src/runs/reader.ts";
import { emptyRun, foldRecords } from "../../src/runs/state.ts";
import { temporaryFolder } from "./temporaryFolder.ts";

const share = { hits: 1, count: 4, value: 0.25, low: 0.046, high: 0.7 };
const gates = [0, 1].flatMap((layer) => [`language.layers.${layer}.attn_gate`, `language.layers.${layer}.ff_gate`]);
const step = (at: number, more: object = {}) => ({
  ...{ type: "train:step", step: at, loss: 5 / at, rate: 0.001, norm: 1, gates: [at / 10, 0, 0, 0], milliseconds: 5 },
  ...more,
});

/** Results of the last logs of version 1 were as they are today. */
const today = { metric: "cider", title: "CIDEr", value: 0.5, low: 0.4, high: 0.6, count: 4 };

/** A log as version 1 wrote it. */
const version1 = [
  { type: "run:started", name: "old", seed: 3, device: { name: "cpu", reason: "", description: "" }, from: 0 },
  { type: "run:memory", needs: 100 },
  { type: "node:state", node: "train", state: "running", activity: "training", step: 1, total: 4 },
  { type: "train:started", node: "train", steps: 4, gates, weights: 10, trainable: 4 },
  { type: "inspect:samples", step: 0, samples: [{ image: 0, label: "red heart", caption: "a dog" }] },
  { type: "inspect:attention", step: 0, file: "attention-000000.json" },
  step(1),
  step(2, { waiting: 0.5, norm: null }),
  step(3),
  { type: "train:checkpoint", step: 2, file: "step-000002.safetensors" },
  { type: "log:message", level: "warning", message: "slow", node: "train" },
  {
    type: "evaluate:result",
    node: "e",
    set: "unseen",
    title: "Unseen",
    shares: { exact: share },
    means: { right: { ...share } },
  },
  { type: "evaluate:result", node: "e", set: "later", title: "Later", metrics: [today] },
  { type: "run:finished", outcome: "failed", error: { code: "NON_FINITE", message: "the loss is NaN" } },
].map((event, seq) => ({ seq, time: 1000 + seq, ...event }));

function oldRun(): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, logFile), version1.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return folder;
}

test("a log of version 1 folds to the run that it tells of", async () => {
  const records = await readRecords(oldRun());
  for (const [index, { seq }] of records.entries()) expect(seq).toBeGreaterThan(records[index - 1]?.seq ?? -1);
  const state = foldRecords(emptyRun(), records);
  expect(state).toMatchObject({ name: "old", seed: 3, status: "failed", step: 3, steps: 4, weights: 10, trainable: 4 });
  expect(state.error).toMatchObject({ code: "NON_FINITE" });
  expect(state.nodes.train).toMatchObject({ state: "running", activity: "training", total: 4 });
  expect(state.messages).toMatchObject([{ level: "warning", message: "slow", node: "train" }]);
  expect(state.checkpoints).toEqual([{ step: 2, file: "step-000002.safetensors" }]);
  const { loss, optimizer, time, gates: open, samples, attention, results } = state.channels;
  expect([...loss.total]).toEqual([
    [1, 5],
    [2, 2.5],
    [3, 5 / 3],
  ]);
  expect(optimizer.norm.ys).toEqual([1, Number.NaN, 1]);
  expect(time.milliseconds.ys).toEqual([5, 5, 5]);
  expect([...time.waiting]).toEqual([[2, 0.5]]);
  expect(open.gates[3]).toEqual({
    node: "language",
    path: ["layers", "1", "ff_gate"],
    layer: 1,
    update: "Feed-forward",
  });
  expect(open.series[0]!.ys).toEqual([0.1, 0.2, 0.3]);
  expect(samples).toMatchObject([{ step: 0, samples: [{ label: "red heart", caption: "a dog" }] }]);
  expect(attention).toEqual([{ step: 0, file: "attention-000000.json" }]);
  expect(results[0]!.metrics).toMatchObject([
    { metric: "exactCaption", title: "Exact caption", unit: "share", hits: 1, count: 4 },
    { metric: "logLikelihood", unit: "nats/token", value: 0.25 },
  ]);
  expect(results[1]!.metrics).toEqual([today]);
});

test("is gone on with: what is appended comes after it, and it stays as it was", async () => {
  const folder = oldRun();
  const before = readFileSync(join(folder, logFile), "utf8");
  const old = await readRecords(folder);
  const log = RunLog.open(folder);
  expect(log.last).toMatchObject({ channel: "status", value: { status: "failed" } });
  const device = { name: "cpu", reason: "", description: "" };
  log.append({ channel: "run", value: { name: "old", seed: 3, device, from: 2 } });
  log.append({ channel: "loss", step: 3, value: { total: 1 } });
  log.close();
  expect(readFileSync(join(folder, logFile), "utf8").startsWith(before)).toBe(true);
  const records = await readRecords(folder);
  expect(records.slice(0, old.length)).toEqual(old);
  expect(records[old.length]!.seq).toBeGreaterThan(old.at(-1)!.seq);
  const state = foldRecords(foldRecords(emptyRun(), old), await readRecords(folder, old.at(-1)!.seq + 1));
  expect(state.status).toBe("running");
  expect([...state.channels.loss.total]).toEqual([
    [1, 5],
    [2, 2.5],
    [3, 1],
  ]);
});

test("lines of version 1 without their fields are passed over", async () => {
  const folder = temporaryFolder();
  const lines = [
    { type: "train:started" },
    { type: "train:step", step: 1 },
    { type: "unheard:of" },
    { type: "evaluate:result" },
    step(2),
  ];
  writeFileSync(
    join(folder, logFile),
    lines.map((line, seq) => `${JSON.stringify({ seq, time: 0, ...line })}\n`).join(""),
  );
  expect(foldRecords(emptyRun(), await readRecords(folder)).channels.loss.total.xs).toEqual([2]);
});

test("an attention frame of version 1 is read as one of today", () => {
  const image = { image: 0, label: "red heart", cross: [[[1]]], resampler: [[1]] };
  const grid = { rows: 1, columns: 1 };
  const old = { step: 3, layers: ["language.gated.0"], grid, pictures: [{ ...image, words: ["red"] }] };
  const frame = readFrame(old);
  expect(frame.layers).toEqual([{ node: "language", path: ["gated.0"], type: "GatedXattnDense" }]);
  expect(frame.images).toEqual([{ ...image, tokens: ["red"] }]);
  expect(readFrame(frame)).toEqual(frame);
});
