import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AttentionFrame } from "../../src/channels/attention.ts";
import { tokenAttention, wholeView } from "../../src/channels/tokenAttention.ts";
import type { Media } from "../../src/data/media.ts";
import { countTensors } from "../../src/engine/memory.ts";
import { assignNumbers } from "../../src/engine/readings/weights.ts";
import { captionAttention } from "../../src/evaluation/captioning/captionAttention.ts";
import { documentAttention } from "../../src/evaluation/captioning/documentAttention.ts";
import { imageImportance } from "../../src/evaluation/imageImportance.ts";
import { PromptModel } from "../../src/evaluation/promptModel.ts";
import { logitsOutput } from "../../src/execution/logitsOutput.ts";
import { type Prepared, prepareRun } from "../../src/execution/prepare.ts";
import { AttentionWatch } from "../../src/inspection/attention.ts";
import { readRun } from "../../src/runs/folder.ts";
import { newRun, quietly, smallPipeline } from "../execution/smallRun.ts";

let prepared: Prepared;
let model: PromptModel;
beforeAll(async () => {
  prepared = await prepareRun(await readRun(await newRun(smallPipeline())), quietly("wasm"));
  const { sources } = prepared;
  for (const { group, shape, variable } of prepared.model.weights.all())
    if (group === "gate") assignNumbers(variable, { shape, data: Float32Array.of(0.8) });
  model = PromptModel.at(prepared.model, logitsOutput(prepared.model), (source) => sources.get(source)?.tokenizer);
});
afterAll(() => prepared.model.weights.dispose());

const size = 16;
const picture = (seed: number) => Float32Array.from({ length: size * size * 3 }, (_, at) => Math.sin(at * at + seed));
const image = (seed: number): Media => ({ pixels: picture(seed), frames: 1, size });
const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

describe("images and labels that are read as one document", () => {
  const images = [image(0), image(1)];
  const labels = ["red heart", "blue star"];

  test("tell which token may attend to which image, and that it attends to no other", async () => {
    const before = countTensors();
    const { tokens, mask, heads, images: numbers } = (await documentAttention(model, images, labels))!;
    model.release();
    expect(countTensors()).toBe(before);
    expect(numbers).toEqual([0, 1]);
    expect(tokens.filter((token) => token === "<image>")).toHaveLength(2);
    const second = tokens.lastIndexOf("<image>");
    // The paper's Figure 7: a token attends to the last image at or before it.
    expect(mask).toEqual(tokens.map((_, at) => [at < second, at >= second]));
    expect([heads.length, heads[0]!.length]).toEqual([2, 2]);
    for (const head of heads.flat())
      for (const [token, shares] of head.entries()) {
        expect(sumOf(shares)).toBeCloseTo(1, 3);
        for (const [at, share] of shares.entries()) if (!mask[token]![at]) expect(share).toBe(0);
      }
  });

  test("tell how much each image matters for each token: nothing where it comes later, else as a prompt with it masked says", async () => {
    const { tokens, worth } = (await documentAttention(model, images, labels))!;
    const second = tokens.lastIndexOf("<image>");
    expect(worth.map((row) => row.map(Number.isNaN))).toEqual(
      [0, 1].map(() => tokens.map((each) => each === "<image>")),
    );
    for (const [at, value] of worth[1]!.entries()) if (at > 0 && at < second) expect(value).toBe(0);
    const prompt = [images[0]!, labels[0]!, images[1]!];
    const [of0, of1] = await imageImportance(model, { prompt, text: labels[1]! });
    model.release();
    const words = of1!.length;
    expect(worth[0]!.slice(second + 1, second + 1 + words)).toBeAllclose(of0!, { absolute: 2e-4 });
    expect(worth[1]!.slice(second + 1, second + 1 + words)).toBeAllclose(of1!, { absolute: 2e-4 });
    expect(Math.max(...of1!.map(Math.abs))).toBeGreaterThan(0.001);
  });
});

describe("attention over a video", () => {
  /** The frame of one caption about one image or video. */
  async function look(media: Media): Promise<Omit<AttentionFrame, "step">> {
    const watch = new AttentionWatch(model.blocks);
    model.encode([media], watch.probes);
    const frame = await captionAttention(
      model,
      watch,
      [media],
      [model.tokenizer.encode("red heart") as number[]],
      ["red heart"],
    );
    watch.dispose();
    model.release();
    return frame!;
  }

  test("falls evenly on frames that are alike: each has its part of what the image alone has", async () => {
    const one = await look(image(3));
    const four = await look({
      pixels: Float32Array.from([1, 2, 3, 4].flatMap(() => [...picture(3)])),
      frames: 4,
      size,
    });
    expect([one.grid, four.grid, four.images[0]!.frames]).toEqual([one.grid, one.grid, 4]);
    const [still, video] = [one.images[0]!, four.images[0]!];
    const first = { ...wholeView, layer: 0, through: "product" } as const;
    for (const token of still.tokens.keys()) {
      const alone = tokenAttention(one.layers, still, first, token);
      const each = [0, 1, 2, 3].map((time) => tokenAttention(four.layers, video, { ...first, time }, token));
      for (const shares of each) expect(shares).toBeAllclose(each[0]!, { absolute: 2e-4 });
      const all = tokenAttention(four.layers, video, first, token);
      expect(all).toBeAllclose(
        alone.map((_, patch) => sumOf(each.map((shares) => shares[patch]!))),
        { absolute: 1e-6 },
      );
      expect(sumOf(all)).toBeCloseTo(1, 3);
    }
  });
});
