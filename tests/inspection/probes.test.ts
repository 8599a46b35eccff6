import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { type AnyChannel, defineChannel, type Reading } from "../../src/channels/channel.ts";
import { placeName } from "../../src/channels/place.ts";
import { countTensors } from "../../src/engine/memory.ts";
import { assignNumbers, readNumbers } from "../../src/engine/readings/weights.ts";
import { dispose, type Tensor, tidy } from "../../src/engine/tensor.ts";
import { toTensors, type Values } from "../../src/execution/pipelineModel.ts";
import { type Prepared, prepareRun } from "../../src/execution/prepare.ts";
import { firstNonFinite } from "../../src/inspection/firstNonFinite.ts";
import { ChannelProbe, readingInterval } from "../../src/inspection/probes.ts";
import { readRun } from "../../src/runs/folder.ts";
import { newRun, smallPipeline } from "../execution/smallRun.ts";

const readings: Reading[][] = [];
/** A channel that asks for what goes into each gated layer and what comes out, and for attention. */
const channel = defineChannel({
  name: "asked",
  title: "Asked",
  summary: "What was asked for.",
  value: z.number(),
  empty: undefined,
  fold: (state: undefined) => state,
  rewind: (state: undefined) => state,
  table: () => ({ columns: [], rows: [] }),
  probe: {
    every: 5,
    reads: [
      { block: "GatedXattnDense", of: { input: "text" } },
      { block: "GatedXattnDense", of: { output: "text" } },
      { block: "Attention", of: { probe: "weights" } },
    ],
    value: (all) => readings.push([...all]),
  },
}) as unknown as AnyChannel;

let prepared: Prepared;
beforeAll(async () => {
  const folder = await newRun(smallPipeline());
  const options = { device: "wasm", log: { append: () => {} }, cache: folder, from: 0 };
  prepared = await prepareRun(await readRun(folder), options);
});
afterAll(() => prepared.model.weights.dispose());

test("what a channel asks for is read where it is in the model, and nothing else; nothing stays behind", async () => {
  const { model, sources } = prepared;
  const probe = new ChannelProbe(channel, model.placedBlocks());
  expect([probe.isUsed, probe.isDue(5, 9), probe.isDue(6, 9)]).toEqual([true, true, false]);
  const batch = toTensors(await sources.get("data")!.batch(0));
  const before = countTensors();
  const forward = () => {
    const values: Values = new Map([["data", batch]]);
    return model.compute("loss", values);
  };
  tidy(() => void model.watched(probe.probes, forward));
  expect(await probe.value()).toBe(1);
  expect(countTensors()).toBe(before);
  const [all] = readings as [Reading[]];
  const of = (kind: string) => all.filter(({ read }) => kind in read.of);
  const layers = [0, 1].map((layer) => [`gated_cross_attn_layers.${layer}`]);
  for (const kind of ["input", "output"]) expect(of(kind).map(({ path }) => path)).toEqual(layers);
  expect(all.every(({ node }) => node === "language" || node === "resampler" || node === "encoder")).toBe(true);
  // Gates start closed: what comes out of a layer is what went in, to the last bit.
  of("input").forEach(({ data, shape }, layer) => {
    expect(of("output")[layer]!.shape).toEqual(shape);
    expect(of("output")[layer]!.data).toEqual(data);
  });
  expect(of("probe").length).toBe(4); // two gated layers, two of the resampler; decoder layers have AlibiAttention
  dispose(Object.values(batch));
});

test("a channel that asks for a block which the model has not is never due", () => {
  const other = { ...channel, probe: { ...channel.probe!, reads: [{ block: "Mamba", of: { output: "y" } }] } };
  const probe = new ChannelProbe(other, prepared.model.placedBlocks());
  expect([probe.isUsed, probe.isDue(5, 9)]).toEqual([false, false]);
});

test("a block that must stand in another is read there alone", () => {
  const read = { block: "Attention", within: "MaskedCrossAttention", of: { probe: "weights" } };
  const probe = new ChannelProbe(
    { ...channel, probe: { ...channel.probe!, reads: [read] } },
    prepared.model.placedBlocks(),
  );
  const [{ at }] = probe.probes as [(typeof probe.probes)[number]];
  const names = prepared.model.placedBlocks().map(placeName);
  expect(names.filter((name) => at(name, {}))).toEqual(
    [0, 1].map((layer) => `language.gated_cross_attn_layers.${layer}.attn.attend`),
  );
});

test("the first value that is not finite is found where it begins, and nothing where all are finite", async () => {
  const { model, sources } = prepared;
  const batch = toTensors(await sources.get("data")!.batch(0));
  const forward = () => model.compute("loss", new Map([["data", batch]]) as Values).loss as Tensor;
  const before = countTensors();
  expect(await firstNonFinite(model, forward)).toBeUndefined();
  const weight = model.weights.get("language.layers.0.ff.1.weight")!;
  const own = await readNumbers(weight);
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    assignNumbers(weight.variable, { ...own, data: own.data.map((number, at) => (at === 3 ? value : number)) });
    expect(await firstNonFinite(model, forward)).toBe("language.layers.0.ff.1.y");
  }
  assignNumbers(weight.variable, own);
  expect(countTensors()).toBe(before);
  dispose(Object.values(batch));
});

test("a long run is read less often, and never more than so many times", () => {
  for (const steps of [1, 50, 10_000, 10_001, 1_000_000]) {
    const interval = readingInterval({ every: 50, most: 200 }, steps);
    expect(interval % 50).toBe(0);
    expect(Math.floor(steps / interval)).toBeLessThanOrEqual(200);
    expect(readingInterval({ every: 50 }, steps)).toBe(50);
  }
  expect(readingInterval({ every: 50, most: 200 }, 10_000)).toBe(50);
});
