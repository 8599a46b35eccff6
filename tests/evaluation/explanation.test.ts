import { afterAll, beforeAll, expect, test } from "vitest";
import { drawing } from "../../src/data/emoji/drawing.ts";
import type { Image } from "../../src/data/image.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { countTensors } from "../../src/engine/memory.ts";
import type { CaptionModel } from "../../src/evaluation/captioning/captionModel.ts";
import type { Explanation } from "../../src/evaluation/captioning/explanation.ts";
import { pretrainedCaptioner } from "../../src/execution/modelFile.ts";

let model: CaptionModel;
let image: Image;
let explained: Explanation;

beforeAll(async () => {
  await openDevice("wasm");
  model = await pretrainedCaptioner();
  image = await drawing("red heart");
  explained = await model.explain(image, { image: 3, label: "red heart" });
});
afterAll(() => model.dispose());

test("an explanation says what the model says: its caption, its attention, the probabilities of its tokens", async () => {
  const { caption, frame, next, pixels, features, media } = explained;
  expect(caption).toBe(await model.caption(image));
  const { frame: own } = await model.attention(image.labelled("red heart"), [caption]);
  expect(frame.images[0]!.cross).toEqual(own.images[0]!.cross);
  expect(frame.images[0]!.image).toBe(3);
  expect(pixels).toEqual([1, model.imageSize, model.imageSize, 3]);
  expect(features.norms).toHaveLength(features.shape[0]! * features.shape[1]!);
  expect(media).toHaveLength(2);
  const { tokens } = frame.images[0]!;
  expect(next).toHaveLength(tokens.length - 1);
  // Greedy: after each token, the likeliest is the one that comes.
  expect(next.map(([first]) => first!.word)).toEqual(tokens.slice(1));
  const alone = await model.nextTokens(image, { most: next[0]!.length });
  expect(next[0]!.map(({ word }) => word)).toEqual(alone.map(({ word }) => word));
  expect(next[0]!.map(({ probability }) => probability)).toBeAllclose(
    alone.map(({ probability }) => probability),
    { relative: 1e-4 },
  );
});

test("each gate adds to the stream what passes it: no more than tanh(α) times the update, and the chain has no gap", async () => {
  const { gates, frame } = explained;
  const values = await model.gates();
  expect(gates.map(({ name }) => name)).toEqual(values.map(({ name }) => name));
  expect(gates.map(({ update }) => update)).toEqual(
    frame.layers.flatMap(() => ["MaskedCrossAttention", "FeedForward"]),
  );
  for (const [at, { before, updates, after }] of gates.entries()) {
    const open = Math.abs(values[at]!.value);
    expect(before).toHaveLength(frame.images[0]!.tokens.length);
    for (const [token, norm] of after.entries())
      expect(Math.abs(norm - before[token]!)).toBeLessThanOrEqual(open * updates[token]! * (1 + 1e-4) + 1e-4);
    // A feed-forward's gate gets what the gate of the cross-attention before it gave.
    if (at % 2 === 1) expect(before).toEqual(gates[at - 1]!.after);
  }
});

test("behind closed gates nothing is added, and the image makes no difference", async () => {
  const closed = Object.fromEntries((await model.gates()).map(({ name }) => [name, 0]));
  const shut = await (await model.intervene({ gates: closed })).explain(image);
  for (const { before, after } of shut.gates) expect(after).toEqual(before);
  for (const all of shut.next) for (const { probability, masked } of all) expect(masked).toBe(probability);
  expect(shut.masked).toEqual(shut.next.map(([first]) => ({ word: first!.word, probability: first!.probability })));
  expect(explained.next.some(([first]) => Math.abs(first!.probability - first!.masked) > 0.1)).toBe(true);
  expect(shut.frame.layers.map(({ gate }) => gate)).toEqual(shut.frame.layers.map(() => 0));
});

test("leaves nothing behind", async () => {
  const before = countTensors();
  await model.explain(image);
  expect(countTensors()).toBe(before);
});
