import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawing } from "../../src/data/emoji/drawing.ts";
import type { Image } from "../../src/data/image.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { countTensors } from "../../src/engine/memory.ts";
import type { CaptionModel } from "../../src/evaluation/captioning/captionModel.ts";
import { pretrainedCaptioner } from "../../src/execution/modelFile.ts";

let model: CaptionModel;
let heart: Image;
let umbrella: Image;

beforeAll(async () => {
  await openDevice("wasm");
  model = await pretrainedCaptioner();
  [heart, umbrella] = (await Promise.all(["red heart", "umbrella"].map((label) => drawing(label)))) as [Image, Image];
});
afterAll(() => model.dispose());

/** All that a model says of an image, to compare to the last bit. */
async function sayings(asked: CaptionModel) {
  return {
    caption: await asked.caption(heart),
    score: await asked.logLikelihood("red heart", heart),
    next: await asked.nextTokens(heart),
    attention: (await asked.attention(heart, ["red heart"])).frame,
  };
}

describe("an intervention", () => {
  test("by the model's own values changes no bit", async () => {
    const gates = Object.fromEntries((await model.gates()).map(({ name, value }) => [name, value]));
    const same = await model.intervene({ gates, layers: [], heads: [], masked: [] });
    expect(await sayings(same)).toEqual(await sayings(model));
    expect(await same.gates()).toEqual(await model.gates());
  });

  test("at other gates is the model with these gates, and leaves the model as it was", async () => {
    const before = await sayings(model);
    const half = Object.fromEntries((await model.gates()).map(({ name, value }) => [name, value / 2]));
    const turned = await model.intervene({ gates: half });
    const tensors = countTensors();
    const said = await sayings(turned);
    expect(countTensors()).toBe(tensors);
    model.turnGates(0.5);
    const expected = await sayings(model);
    model.turnGates(1);
    expect(said.caption).toBe(expected.caption);
    expect(said.score).toBeCloseTo(expected.score, 5);
    expect(said.score).not.toBeCloseTo(before.score, 2);
    expect(await sayings(model)).toEqual(before);
  });

  test("that leaves out every layer, or closes every gate, makes all images alike", async () => {
    const { length } = (await model.attention(heart, ["red heart"])).frame.layers;
    const all = Array.from({ length }, (_, layer) => layer);
    const closed = Object.fromEntries((await model.gates()).map(({ name }) => [name, 0]));
    const scores = [];
    for (const change of [{ layers: all }, { gates: closed }]) {
      const changed = await model.intervene(change);
      for (const image of [heart, umbrella]) scores.push(await changed.logLikelihood("red heart", image));
      expect(await changed.caption(heart)).toBe(await changed.caption(umbrella));
    }
    for (const score of scores) expect(score).toBe(scores[0]);
  });

  test("that closes all heads of a layer is that layer without its cross-attention", async () => {
    const { frame } = await model.attention(heart, ["red heart"]);
    const heads = frame.images[0]!.heads![0]!.map((_, head) => ({ layer: 0, head }));
    const gate = (await model.gates()).find(({ name }) => name.endsWith("0.attn_gate"))!;
    const headless = await (await model.intervene({ heads })).logLikelihood("red heart", heart);
    const gateless = await (await model.intervene({ gates: { [gate.name]: 0 } })).logLikelihood("red heart", heart);
    expect(headless).toBeCloseTo(gateless, 5);
    const one = await (await model.intervene({ heads: heads.slice(0, 1) })).logLikelihood("red heart", heart);
    expect(one).not.toBeCloseTo(headless, 3);
  });

  test("that masks the image: its rows of attention are 0, and it makes no difference which image it is", async () => {
    const blind = await model.intervene({ masked: [0] });
    const { frame } = await blind.attention(heart, ["red heart"]);
    expect(frame.images[0]!.cross.flat(2).every((weight) => weight === 0)).toBe(true);
    expect(await blind.logLikelihood("red heart", heart)).toBe(await blind.logLikelihood("red heart", umbrella));
  });

  test("of what is not there is refused, with what is there", async () => {
    const refused = (change: Parameters<CaptionModel["intervene"]>[0]) => expect(model.intervene(change)).rejects;
    await refused({ gates: { other: 0 } }).toMatchObject({ code: "NOT_FOUND", details: { fix: /attn_gate/ } });
    const [gate] = await model.gates();
    await refused({ gates: { [gate!.name]: 1.5 } }).toMatchObject({ code: "USAGE" });
    await refused({ layers: [99] }).toMatchObject({ code: "NOT_FOUND" });
    await refused({ heads: [{ layer: 0, head: 99 }] }).toMatchObject({ code: "NOT_FOUND" });
  });
});

test("an image matters for what is said of it, and not for what is said of the next", async () => {
  const [first, second] = await model.imageImportance([umbrella, "umbrella", heart], "red heart");
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  expect(sum(second!)).toBeGreaterThan(2);
  expect(Math.abs(sum(first!))).toBeLessThan(sum(second!) / 2);
  // A single image: the log-likelihood with it less that with it masked out.
  const [alone] = await model.imageImportance([heart], "red heart");
  const masked = await model.intervene({ masked: [0] });
  const scores = [await model.logLikelihood("red heart", heart), await masked.logLikelihood("red heart", heart)];
  expect(sum(alone!)).toBeCloseTo(2 * (scores[0]! - scores[1]!), 4);
});

describe("the logit lens", () => {
  test("ends with what the model says, and begins with what it says without an image", async () => {
    const mean = (values: number[]) => values.reduce((total, value) => total + value, 0) / values.length;
    for (const image of [heart, undefined]) {
      const layers = await model.logitLens("red heart", image);
      expect(mean(layers.at(-1)!.logLikelihoods)).toBeCloseTo(await model.logLikelihood("red heart", image), 5);
      for (const { logLikelihoods } of layers) for (const value of logLikelihoods) expect(value).toBeLessThanOrEqual(0);
    }
    const last = (await model.logitLens("red heart", heart)).at(-1)!;
    expect(last.likeliest).toEqual(["red", "heart"]);
  });

  test("leaves nothing behind", async () => {
    const before = countTensors();
    await model.logitLens("red heart", heart);
    await model.imageImportance([heart], "red heart");
    expect(countTensors()).toBe(before);
  });
});
