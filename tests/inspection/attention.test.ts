import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { countTensors } from "../../src/engine/memory.ts";
import { PromptModel } from "../../src/evaluation/promptModel.ts";
import { logitsOutput } from "../../src/execution/logitsOutput.ts";
import { type Prepared, prepareRun } from "../../src/execution/prepare.ts";
import { AttentionWatch, rollOut } from "../../src/inspection/attention.ts";
import { readRun } from "../../src/runs/folder.ts";
import { newRun, quietly, smallPipeline } from "../execution/smallRun.ts";

let prepared: Prepared;
let promptModel: PromptModel;
beforeAll(async () => {
  const record = await readRun(await newRun(smallPipeline()));
  prepared = await prepareRun(record, quietly("wasm"));
  const { model, sources } = prepared;
  promptModel = PromptModel.at(model, logitsOutput(model), (source) => sources.get(source)?.tokenizer);
});
afterAll(() => prepared.model.weights.dispose());

const sumOf = (shares: readonly number[]) => shares.reduce((sum, share) => sum + share, 0);
const images = [0, 1].map((image) => ({
  pixels: Float32Array.from({ length: 16 * 16 * 3 }, (_, at) => Math.sin(at * at + image)),
  frames: 1,
  size: 16,
}));

/** Encodes two images and reads two texts, watched or not. */
async function readTwo(watch?: AttentionWatch): Promise<void> {
  const probes = watch?.probes ?? [];
  promptModel.encode(images, probes);
  (
    await promptModel.logits(
      [
        [images[0]!, [40]],
        [[40], images[1]!],
      ],
      { closed: true, probes },
    )
  ).dispose();
  promptModel.release();
}

describe("watching attention", () => {
  test("gives each token's weights over the latents: a sum of 1, and 0 everywhere before the first image", async () => {
    const watch = new AttentionWatch(prepared.model.placedBlocks());
    await readTwo(watch);
    const cross = await watch.cross();
    expect(cross.map(({ block }) => block.path)).toEqual(
      [0, 1].map((layer) => [`gated_cross_attn_layers.${layer}`, "attn", "attend"]),
    );
    for (const { weights } of cross) {
      expect(weights.map((text) => text.map((token) => Math.round(sumOf(token) * 1e5) / 1e5))).toEqual([
        [0, 1, 1, 1],
        [0, 0, 0, 1],
      ]);
      const [heads] = cross.map((each) => each.heads[0]!);
      expect(heads!.length).toBeGreaterThan(1);
      const meanOfHeads = heads!.reduce((sum, head) => sum + head[1]![0]!, 0) / heads!.length;
      expect(cross[0]!.weights[0]![1]![0]).toBeCloseTo(meanOfHeads, 6);
      for (const before of [weights[0]![0]!, weights[1]![0]!, weights[1]![2]!]) expect(before).toEqual([0, 0]);
    }
    watch.dispose();
  });

  test("gives each latent's weights in the resampler: over features, then latents", async () => {
    const watch = new AttentionWatch(prepared.model.placedBlocks());
    await readTwo(watch);
    const attention = await watch.resampler();
    const seen = Number(prepared.model.node("encoder").outputs.features![3]);
    expect(attention).toHaveLength(2);
    for (const { weights } of attention) {
      expect([weights.length, weights[0]!.length]).toEqual([2, 2]);
      expect(weights[0]![0]!.length).toBe(seen + 2);
      for (const latent of weights.flat()) expect(sumOf(latent)).toBeCloseTo(1, 5);
    }
    watch.dispose();
  });

  test("costs nothing while nobody looks, and keeps nothing afterwards", async () => {
    const before = countTensors();
    const watch = new AttentionWatch(prepared.model.placedBlocks());
    await readTwo();
    expect(await watch.cross()).toEqual([]);
    expect(countTensors()).toBe(before);
    await readTwo(watch);
    expect(countTensors()).toBe(before + 4);
    watch.dispose();
    expect(countTensors()).toBe(before);
  });
});

describe("attention rollout", () => {
  test("of one layer is its shares of the features, brought to a sum of 1", () => {
    expect(rollOut([[[0.1, 0.3, 0.6]]])).toBeAllclose([[0.25, 0.75]]);
  });

  test("passes on what a latent saw before, through the latents that read it", () => {
    // Layer 1: latent 0 sees feature 0, latent 1 feature 1. Layer 2: latent 0 reads latent 1, latent 1 reads itself.
    const first = [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
    ];
    const second = [
      [0, 0, 0, 1],
      [0, 0, 0, 1],
    ];
    expect(rollOut([first, second])).toBeAllclose([
      [0.5, 0.5],
      [0, 1],
    ]);
  });

  test("without the residual connections is the plain product of the layers' attention", () => {
    const layers = [
      [
        [0.2, 0.3, 0.1, 0.4],
        [0.5, 0.1, 0.3, 0.1],
      ],
      [
        [0.1, 0.2, 0.4, 0.3],
        [0.3, 0.3, 0.2, 0.2],
      ],
    ];
    const scaled = (row: number[]) => row.map((share) => share / sumOf(row));
    // What the second layer sees: features, and latents that hold what the first layer saw of the features.
    const product = layers[1]!.map((row) =>
      [0, 1].map((f) => row[f]! + row[2]! * layers[0]![0]![f]! + row[3]! * layers[0]![1]![f]!),
    );
    expect(rollOut(layers, 0)).toBeAllclose(product.map(scaled));
    expect(rollOut(layers.slice(0, 1), 0)).toBeAllclose(rollOut(layers.slice(0, 1)));
  });

  test("sums to 1 for each latent that saw anything, and is 0 for one that saw nothing", () => {
    const blind = [
      [0, 0, 0, 1],
      [0.2, 0.2, 0.3, 0.3],
    ];
    const [none, some] = rollOut([blind]);
    expect(none).toEqual([0, 0]);
    expect(sumOf(some!)).toBeCloseTo(1);
    expect(rollOut([])).toEqual([]);
  });
});
