import { afterAll, beforeAll, expect, test } from "vitest";
import { drawing } from "../../src/data/emoji/drawing.ts";
import { Image } from "../../src/data/image.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { countTensors } from "../../src/engine/memory.ts";
import type { CaptionModel } from "../../src/evaluation/captioning/captionModel.ts";
import { pretrainedCaptioner, readModel } from "../../src/execution/modelFile.ts";

let model: CaptionModel;
let pictures: Image[];
const labels = ["red heart", "umbrella", "sunflower", "guitar", "crab"];

beforeAll(async () => {
  await openDevice("wasm");
  model = await pretrainedCaptioner();
  pictures = await Promise.all(labels.map((label) => drawing(label)));
});
afterAll(() => model.dispose());

test("the model that comes with the studio names drawings of a style that it was not trained on", async () => {
  expect((await model.captions(pictures)).slice(0, 4)).toEqual(labels.slice(0, 4));
});

test("the right picture makes its name likelier than another one, and than none", async () => {
  for (const [index, label] of labels.slice(0, 4).entries()) {
    const right = await model.logLikelihood(label, pictures[index]);
    expect(right).toBeGreaterThan(await model.logLikelihood(label, pictures[(index + 1) % 4]));
    expect(right).toBeGreaterThan(await model.logLikelihood(label));
  }
});

test("with closed gates it says the same of every picture; opened again, what it said before", async () => {
  const said = await model.captions(pictures);
  model.turnGates(0);
  const score = await model.logLikelihood("red heart", pictures[0]);
  expect(await model.logLikelihood("red heart", pictures[1])).toBe(score);
  expect(new Set(await model.captions(pictures)).size).toBe(1);
  expect((await model.gates()).every(({ value }) => value === 0)).toBe(true);
  model.turnGates(1);
  expect(await model.captions(pictures)).toEqual(said);
});

test("next words are likelihoods, the likeliest first", async () => {
  for (const picture of [pictures[0], undefined]) {
    const words = await model.nextTokens(picture, { most: 1e6 });
    expect(words.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 4);
    expect(words[0]!.probability).toBe(Math.max(...words.map(({ probability }) => probability)));
  }
  expect((await model.nextTokens(pictures[0], { after: "red" }))[0]!.word).toBe("heart");
});

test("attention is shares for each word of the caption", async () => {
  const { frame, pngs } = await model.attention(pictures[0]!, ["red heart"]);
  expect(frame.images[0]!.tokens).toEqual(["<image>", "red", "heart", "<|endofchunk|>"]);
  expect(pngs).toHaveLength(1);
  for (const { gate } of frame.layers) expect(Math.abs(gate!)).toBeGreaterThan(0);
  for (const layer of frame.images[0]!.cross)
    for (const row of layer) expect(row.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 2);
});

test("any text has a likelihood", async () => {
  for (const text of ["xyzzy", "赤いハート", "❤"]) expect(await model.logLikelihood(text, pictures[0])).toBeLessThan(0);
});

test("looking leaves no tensor behind", async () => {
  const work = async () => {
    await model.captions(pictures);
    await model.logLikelihood("red heart", pictures[0]);
    await model.logLikelihood("red heart");
    await model.nextTokens(pictures[0]);
    await model.attention(pictures);
    model.turnGates(1);
  };
  await work();
  const before = countTensors();
  await work();
  expect(countTensors()).toBe(before);
});

test("what does not fit is refused in words", async () => {
  await expect(model.caption(new Image(new Float32Array(12), 2))).rejects.toMatchObject({ code: "SHAPE_MISMATCH" });
  await expect(drawing("no such thing")).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(readModel("nobody")).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(readModel("emoji-vision")).rejects.toMatchObject({ code: "INVALID_WEIGHTS" });
});
