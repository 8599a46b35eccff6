import { beforeAll, describe, expect, test, vi } from "vitest";
import type { Batch, OpenSource } from "../../src/data/source.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { countTensors } from "../../src/engine/memory.ts";
import { dispose, type Tensor, tidy } from "../../src/engine/tensor.ts";
import { FeatureCache } from "../../src/execution/featureCache.ts";
import { PipelineModel, toTensors, type Values } from "../../src/execution/pipelineModel.ts";
import { prepareRun } from "../../src/execution/prepare.ts";
import { readRun } from "../../src/runs/folder.ts";
import { devices } from "../devices.ts";
import { carryOut, newRun, quietly, smallPipeline, stepsOf } from "./smallRun.ts";

const trainOnly = (config: object = {}) =>
  smallPipeline({ without: ["samples", "evaluate"], config: config as Record<string, Record<string, unknown>> });

/** A small pipeline on a device, with its source. */
async function alive(device: string, pipeline = trainOnly()): Promise<{ model: PipelineModel; source: OpenSource }> {
  const { model, sources } = await prepareRun(await readRun(await newRun(pipeline)), quietly(device));
  return { model, source: sources.get("data")! };
}

/** A batch's features as numbers, and whether the encoder was asked for them. */
async function featuresOf(model: PipelineModel, batch: Batch, cache?: FeatureCache) {
  const drawn = new Map([["data", batch]]);
  const values: Values = new Map([["data", toTensors(batch)]]);
  cache?.recall(drawn, values);
  const recalled = values.has("encoder");
  const features = tidy(() => model.compute("encoder", values).features as Tensor);
  await cache?.keep(drawn, values);
  const numbers = await features.data();
  dispose([features, ...(Object.values(values.get("data")!) as Tensor[])]);
  return { recalled, shape: features.shape, numbers };
}

process.env.FLAMINGO_SOFTWARE_GPU = "1"; // an emulated GPU rounds as others do
beforeAll(() => openDevice("wasm"));

describe.each(devices.filter((device) => device !== "tensorflow"))("features that are kept, on %s", (device) => {
  test("have the bits that the encoder would give, and are not computed once all images were seen", async () => {
    const { model, source } = await alive(device);
    const cache = new FeatureCache(model, ["encoder"]);
    const seen = new Set<number>();
    const before = countTensors();
    for (let index = 0; index < 60; index++) {
      const batch = await source.batch(index);
      const names = batch.images!.names!.each;
      const { recalled, ...features } = await featuresOf(model, batch, cache);
      expect(recalled).toBe(names.every((name) => seen.has(name)));
      const { recalled: _, ...expected } = await featuresOf(model, batch);
      expect(features).toEqual(expected);
      for (const name of names) seen.add(name);
    }
    expect(countTensors()).toBe(before);
    model.weights.dispose();
  });
});

test("of an encoder with several outputs, those are kept that another node reads", async () => {
  const pipeline = trainOnly();
  const layer = { type: "EncoderLayer", config: { heads: 2, headDim: 8 } };
  const config = { imageSize: 16, patchSize: 8, visualDim: 16, depth: 1, layer };
  pipeline.nodes.encoder = { ...pipeline.nodes.encoder!, type: "ClipVision", config };
  const { model, source } = await alive("wasm", pipeline);
  const cache = new FeatureCache(model, ["encoder"]);
  const batch = await source.batch(0);
  const { recalled: _, ...expected } = await featuresOf(model, batch, cache);
  expect(await featuresOf(model, batch, cache)).toEqual({ recalled: true, ...expected });
  const values: Values = new Map();
  cache.recall(new Map([["data", batch]]), values);
  expect(Object.keys(values.get("encoder")!)).toEqual(["features"]);
  dispose(Object.values(values.get("encoder")!) as Tensor[]);
  model.weights.dispose();
});

describe("nothing is kept", () => {
  const recalls = async (
    model: PipelineModel,
    source: OpenSource,
    cache: FeatureCache,
    change = (batch: Batch) => batch,
  ) => {
    await featuresOf(model, change(await source.batch(0)), cache);
    return (await featuresOf(model, change(await source.batch(0)), cache)).recalled;
  };

  test("of images without names, nor past the budget, nor where it may not", async () => {
    const { model, source } = await alive("wasm");
    const { each, of } = (await source.batch(0)).images!.names!;
    const bytes = (of * 4 * (await featuresOf(model, await source.batch(0))).numbers.length) / each.length;
    expect(await recalls(model, source, new FeatureCache(model, ["encoder"], bytes))).toBe(true);
    expect(await recalls(model, source, new FeatureCache(model, ["encoder"], bytes - 1))).toBe(false);
    expect(await recalls(model, source, new FeatureCache(model, []))).toBe(false);
    const nameless = ({ images, ...rest }: Batch): Batch => ({
      ...rest,
      images: { shape: images!.shape, data: images!.data },
    });
    expect(await recalls(model, source, new FeatureCache(model, ["encoder"]), nameless)).toBe(false);
    model.weights.dispose();
  });

  test("for a batch of another size", async () => {
    const { model, source } = await alive("wasm");
    const half = ({ images, ...rest }: Batch): Batch => {
      const { shape, data, names } = images!;
      const fewer = { shape: [1, ...shape.slice(1)], data: data.subarray(0, data.length / 2) };
      return { ...rest, images: { ...fewer, names: { of: names!.of, each: names!.each.slice(0, 2) } } };
    };
    const cache = new FeatureCache(model, ["encoder"]);
    await featuresOf(model, await source.batch(0), cache);
    expect((await featuresOf(model, half(await source.batch(0)), cache)).recalled).toBe(false);
    model.weights.dispose();
  });
});

test("names are the same for the same pixels, and for no others", async () => {
  const { source, model } = await alive("wasm");
  const pixels = new Map<number, string>();
  for (let index = 0; index < 60; index++) {
    const { data, names } = (await source.batch(index)).images!;
    const size = data.length / names!.each.length;
    names!.each.forEach((name, at) => {
      const own = data.slice(at * size, (at + 1) * size).join();
      expect(name).toBeLessThan(names!.of);
      expect(pixels.get(name) ?? own).toBe(own);
      pixels.set(name, own);
    });
  }
  expect(pixels.size).toBeGreaterThan(8);
  model.weights.dispose();
});

describe("a training", () => {
  const call = vi.spyOn(PipelineModel.prototype, "call");
  /** Steps, and how often the encoder was called for them. */
  const trained = async (config: object) => {
    call.mockClear();
    const { records } = await carryOut(await newRun(trainOnly({ train: { steps: 100 }, ...config })));
    return { steps: stepsOf(records), calls: call.mock.calls.filter(([id]) => id === "encoder").length };
  };

  test("computes the features of a frozen encoder until all images were there, and comes to the same", async () => {
    const { steps, calls } = await trained({});
    expect(calls).toBeLessThan(60);
    const recall = vi.spyOn(FeatureCache.prototype, "recall").mockImplementation(() => undefined);
    const plain = await trained({});
    recall.mockRestore();
    expect(plain.calls).toBe(100 + 2); // and every 50 steps a forward pass in which probes read the model
    expect(steps).toEqual(plain.steps);
  });
});
