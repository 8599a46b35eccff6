import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { FlamingoError, reportOf } from "../../src/core/errors.ts";
import { emojiTokenizer } from "../../src/data/emoji/emoji.ts";
import type { Batch } from "../../src/data/source.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { memoryUse, resetPeak } from "../../src/engine/memory.ts";
import { dispose, type Tensor, tidy } from "../../src/engine/tensor.ts";
import { memoryNeed, requireMemory } from "../../src/execution/memoryNeed.ts";
import { toTensors, type Values } from "../../src/execution/pipelineModel.ts";
import { prepareRun } from "../../src/execution/prepare.ts";
import { catalog } from "../../src/execution/registry.ts";
import { presets } from "../../src/models/presets.ts";
import { compile } from "../../src/pipeline/compile.ts";
import { type Pipeline, readPipeline } from "../../src/pipeline/schema.ts";
import { readRun } from "../../src/runs/folder.ts";
import { train } from "../../src/training/loop.ts";
import { Optimizer } from "../../src/training/optimizer.ts";
import { flamingoGroups } from "../../src/training/parameterGroups.ts";
import { devices } from "../devices.ts";
import { carryOut, newRun, quietly, smallPipeline, valuesOf } from "./smallRun.ts";

/** The most that a training step holds, measured: weights, moments, activations, gradients. */
async function measuredPeak(pipeline: Pipeline): Promise<{ need: number; peak: number }> {
  const { bytes: before } = memoryUse();
  const record = await readRun(await newRun(pipeline));
  const { plan, model, sources } = await prepareRun(record, quietly("wasm"));
  const batches = new Map<string, Batch>();
  for (const [id, source] of sources) batches.set(id, await source.batch(0));
  const need = memoryNeed(plan, batches)!;
  const trainer = Object.values(plan.nodes).find(({ type }) => type === "Train")!;
  const weights = model
    .blocksUpTo(trainer.id)
    .flatMap((id) => model.weights.all(id))
    .filter(({ frozen }) => !frozen);
  const optimizer = new Optimizer(weights, { groups: flamingoGroups(1, 0), clip: 1 });
  const values: Values = new Map(model.sourcesOf(trainer.id).map(({ id }) => [id, toTensors(batches.get(id)!)]));
  model.setCheckpointing(trainer.config.gradientCheckpointing as boolean);
  // As in training, what does not learn is computed before, outside the gradient's tape.
  const fixed = model.blocksUpTo(trainer.id).filter((id) => model.isFixed(id));
  const features = tidy(() => fixed.flatMap((id) => Object.values(model.compute(id, values)) as Tensor[]));
  resetPeak();
  const { node, port } = model.inputsOf(trainer.id).loss!;
  await train({
    weights,
    optimizer,
    schedule: { rate: 1e-3, warmup: 0, after: "constant", steps: 1 },
    accumulation: trainer.config.accumulation as number,
    from: 0,
    lossOf: () => () => model.compute(node, new Map(values))[port] as Tensor,
    onStep: () => undefined,
    pausesAfter: () => true,
    betweenSteps: async () => true,
  });
  const peak = memoryUse().peakBytes - before;
  dispose([
    ...features,
    ...model.sourcesOf(trainer.id).flatMap(({ id }) => Object.values(values.get(id)!) as Tensor[]),
  ]);
  optimizer.dispose();
  model.weights.dispose();
  return { need: need.total, peak };
}

/** A pipeline whose language model is the paper's of this name. */
function withPreset(name: "3B" | "80B"): Pipeline {
  const { resampler, language: preset } = presets[name];
  const { pretrained: vocabulary } = emojiTokenizer(); // that of the small pipeline's texts
  const language = { ...preset, vocabulary, imageToken: vocabulary };
  const encoder = { visualDim: resampler.visualDim };
  return smallPipeline({
    config: { encoder, resampler, language },
    without: ["samples", "evaluate"],
  });
}

beforeAll(() => openDevice("wasm"));

describe("the memory that a run needs", () => {
  test.each(["emoji-captions", "pretrain-language", "pretrain-vision"])("is known before: %s", async (template) => {
    const file = new URL(`../../editor/templates/${template}.json`, import.meta.url);
    const { need, peak } = await measuredPeak(readPipeline(readFileSync(file, "utf8"), template));
    expect(need / peak).toBeGreaterThan(0.9);
    expect(need / peak).toBeLessThan(1.25);
  });

  test.each(["emoji-captions", "pretrain-language"])("is known where gradients are summed up: %s", async (template) => {
    const file = new URL(`../../editor/templates/${template}.json`, import.meta.url);
    const pipeline = readPipeline(readFileSync(file, "utf8"), template);
    const source = Object.values(pipeline.nodes).find(({ config }) => "batch" in config)!;
    Object.assign(source.config, { batch: 2 });
    Object.assign(pipeline.nodes.train!.config, { accumulation: 3 });
    const { need, peak } = await measuredPeak(pipeline);
    expect(need / peak).toBeGreaterThan(0.9);
    expect(need / peak).toBeLessThan(1.25);
  });

  // Of the vision template's convolutions only those beside residual connections are layers.
  test.each([
    ["emoji-captions", 0.8],
    ["pretrain-language", 0.8],
    ["pretrain-vision", 0.9],
  ] as const)("is less with gradient checkpointing, and known before: %s", async (template, share) => {
    const file = new URL(`../../editor/templates/${template}.json`, import.meta.url);
    const pipeline = readPipeline(readFileSync(file, "utf8"), template);
    const plain = await measuredPeak(pipeline);
    Object.assign(pipeline.nodes.train!.config, { gradientCheckpointing: true });
    const { need, peak } = await measuredPeak(pipeline);
    expect(peak).toBeLessThan(share * plain.peak);
    expect(need / peak).toBeGreaterThan(0.9);
    expect(need / peak).toBeLessThan(1.25);
  });

  test("costs nothing to ask for 80 billion weights, nearly all of them frozen", () => {
    const plan = compile(withPreset("80B"), catalog);
    const batch = { ids: { shape: [1, 256] }, targets: { shape: [1, 256] }, images: { shape: [1, 1, 1, 16, 16, 3] } };
    const need = memoryNeed(plan, new Map([["data", batch]]))!;
    expect(need.weights / 4e9).toBeGreaterThan(70);
    expect(need.total).toBeGreaterThan(need.weights);
  });

  test.each(devices)("is told on %s, and refused where the machine has less", async (device) => {
    process.env.FLAMINGO_SOFTWARE_GPU = "1";
    const available = vi.spyOn(process, "availableMemory").mockReturnValue(2e5);
    const { outcome, error, records } = await carryOut(await newRun(smallPipeline()), { device });
    available.mockRestore();
    expect(outcome).toBe("failed");
    expect(valuesOf(records, "memory")[0]!.value).toMatchObject({ has: 2e5 });
    expect(error).toMatchObject({ code: "OUT_OF_MEMORY" });
    expect(error!.message).toContain(`${device} has`);
  });

  test("of a device that does not tell its memory is told, and never refused", () => {
    const need = { weights: 1e15, moments: 0, gradients: 0, activations: 0, total: 1e15 };
    const able = { readsAtOnce: false, rowsKeepBits: true };
    const gpu = { name: "webgpu" as const, reason: "", description: "a GPU", software: false, ...able };
    expect(() => requireMemory(need, gpu)).not.toThrow();
    expect(() => requireMemory(need, { ...gpu, memory: 1e15 })).not.toThrow();
    expect(() => requireMemory(need, { ...gpu, memory: 1e15 - 1 })).toThrow(FlamingoError);
  });

  test("is told before anything is made, and what cannot fit is refused", async () => {
    const { outcome, error, records } = await carryOut(await newRun(withPreset("3B")));
    expect(outcome).toBe("failed");
    const [told] = valuesOf(records, "memory");
    expect(told!.value.needs).toBeGreaterThan(10e9);
    expect(told!.value.has).toBeLessThanOrEqual(2 ** 32);
    expect(error).toMatchObject({ code: "OUT_OF_MEMORY" });
    expect(error!.message).toMatch(/^the run needs \d+ GB and wasm has \d(\.\d)? GB$/);
    expect(error!.fix).toMatch(/freeze more|smaller/);
    expect(reportOf(error).message).not.toContain("    at ");
  });
});
