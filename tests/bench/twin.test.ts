import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDevice } from "../../src/engine/devices/device.ts";
import { countTensors } from "../../src/engine/memory.ts";
import { assignNumbers, Weights } from "../../src/engine/readings/weights.ts";
import * as tf from "../../src/engine/tensor.ts";
import { prepareRun } from "../../src/execution/prepare.ts";
import { FlamingoLanguageModel } from "../../src/models/languageModel.ts";
import { flamingoGroups } from "../../src/training/parameterGroups.ts";
import { LiveBlock } from "../blocks/liveBlock.ts";
import { quietly, smallPipeline } from "../execution/smallRun.ts";
import { type LanguageChange, languageConfig } from "../models/languageConfig.ts";
import { optional } from "../optional.ts";
import { findPytorch } from "../pytorch.ts";
import { openTwin as openSpeaker, ourText, type Speaker, sendMedia, theirText } from "./generate.ts";
import { Peer } from "./peer.ts";
import { openTwin as openLesson, PipelineStep } from "./pipelineStep.ts";
import { drawNumbers, makeToy, openTwin as openToy } from "./toy.ts";

const python = findPytorch();
const there = optional("the benchmarks' twins", python !== undefined, "no python3 here has torch");
const patience = { timeout: 180_000 };

let peer: Peer;

/** Opens the device and starts a twin before the tests of a block. */
function begin(device: "wasm" | "cpu", twin: string): void {
  beforeAll(async () => {
    await openDevice(device, { threads: 2 });
    peer = new Peer(python!, twin, 1);
  }, 180_000);
  afterAll(() => peer.close());
}

/** Losses before and after two steps of training, ours and the twin's, are the same. */
async function expectSameLosses(loss: () => Promise<number>, step: () => Promise<number>): Promise<void> {
  const [first, twins] = [await loss(), await peer.loss()];
  expect(Math.abs(first - twins) / twins).toBeLessThan(1e-5);
  await step();
  await step();
  await peer.time(2);
  const [later, twinsLater] = [await loss(), await peer.loss()];
  expect(later).toBeLessThan(first - 0.01);
  expect(Math.abs(later - twinsLater) / twinsLater).toBeLessThan(1e-4);
}

describe.runIf(there).each(["wasm", "cpu"] as const)("the toy and its twin in PyTorch, %s", (device) => {
  const [width, batch] = [16, 2];
  begin(device, "toy_torch.py");

  test("compute the same loss from the same weights, and again after two steps of training", patience, async () => {
    const numbers = drawNumbers(width, batch, 3, 0.4);
    await openToy(peer, width, batch, numbers);
    const toy = makeToy(width, batch, numbers);
    await expectSameLosses(async () => (await tf.tidy(toy.loss).data())[0]!, toy.step);
    toy.dispose();
  });
});

describe.runIf(there)("a pipeline as the template's and its twin in PyTorch", () => {
  begin("wasm", "flamingo_torch.py");

  test("compute the same loss from the same weights, and again after two steps of training", patience, async () => {
    const pipeline = smallPipeline();
    const record = { id: "twin", name: "Twin", pipeline, seed: 1, device: "wasm", created: 0, options: {} };
    const { model, sources } = await prepareRun(record, quietly("wasm"));
    for (const { group, shape, variable } of model.weights.all())
      if (group === "gate") assignNumbers(variable, { shape, data: Float32Array.of(0.6) });
    const batch = await sources.get("data")!.batch(0);
    const groups = flamingoGroups(5, 0.1);
    const lesson = { model, source: "data", loss: "loss", batch, groups, rate: 0.01, clip: 1 };
    const step = new PipelineStep(lesson);
    await openLesson(peer, lesson);
    const before = countTensors();
    await expectSameLosses(
      () => step.loss(),
      () => step.step(),
    );
    expect(countTensors(), "tensors left behind").toBe(before);
    step.dispose();
    model.weights.dispose();
  });
});

describe.runIf(there)("a model that goes on with a text and its twin in PyTorch", () => {
  begin("wasm", "flamingo_torch.py");
  const model = (change: LanguageChange) =>
    languageConfig({
      ...{ vocabulary: 40, imageToken: 40, dim: 16, layers: 3 },
      fusionLayer: {
        type: "GatedXattnDense",
        config: { heads: 2, headDim: 8, padded: true, feedForward: { type: "FeedForward", config: { mult: 2 } } },
      },
      ...change,
    });
  const media = { shape: [1, 2, 3, 6], data: Float32Array.from({ length: 36 }, (_, at) => 2 * Math.sin(at * at)) };
  // With seeds whose weights have much to say: most models of random weights repeat one token.
  const speakers: [string, number, Speaker][] = [
    [
      "with two images and ALiBi",
      28,
      {
        config: model({ attention: { type: "AlibiAttention", config: { slopes: "half" } } }),
        media,
        prompt: [1, 40, 7, 3, 40],
        most: 40,
      },
    ],
    [
      "with learnt positions and no images",
      22,
      {
        config: model({
          ...{ newTokens: 0, imageToken: 39, attention: { type: "Attention" } },
          positions: { type: "TextPositions", config: { maxLength: 50 } },
        }),
        media: undefined,
        prompt: [2, 5],
        most: 40,
      },
    ],
  ];

  test.each(speakers)("say the same tokens with the same weights: %s", patience, async (_, seed, speaker) => {
    const weights = new Weights(2);
    new LiveBlock(FlamingoLanguageModel, { config: speaker.config, weights, path: "language" }).shake(seed).openGates();
    await openSpeaker(peer, speaker, weights);
    const ours = await ourText(weights, speaker);
    const { ids } = await theirText(peer, speaker, await sendMedia(peer, speaker));
    expect(ours).toEqual(ids);
    expect(new Set(ours).size).toBeGreaterThan(5);
    weights.dispose();
  });
});
