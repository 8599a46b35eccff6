import { expect, test } from "vitest";
import { emojiTokenizer } from "../../src/data/emoji/emoji.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import { lastLayers } from "../../src/execution/lastLayers.ts";
import { PipelineModel } from "../../src/execution/pipelineModel.ts";
import { catalog, findBlock } from "../../src/execution/registry.ts";
import { compile } from "../../src/pipeline/compile.ts";
import { parsePipeline } from "../../src/pipeline/schema.ts";
import { carryOut, newRun, stepsOf } from "./smallRun.ts";

/** The contrastive objective with an NFNet, a linear map to the joint space, and a text encoder. */
function pretraining(drop = 0.5) {
  const nodes = {
    pairs: { type: "EmojiPairs", config: { batch: 4, imageSize: 16 } },
    encoder: {
      type: "NfNet",
      config: {
        ...{ imageSize: 16, visualDim: 8, depths: [1, 1, 1, 1], channels: [8, 8, 8, 8], bottleneck: 1, drop },
        ...{ stem: "3x3", stemChannels: 8, groupSize: 4, attention: { type: "SqueezeExcite", config: { inner: 8 } } },
      },
    },
    image: { type: "ImageEmbedding", config: {} },
    project: { type: "Linear", config: { inDim: 8, outDim: 8 } },
    text: {
      type: "TextEncoder",
      config: {
        ...{ vocabulary: emojiTokenizer().pretrained, dim: 8, jointDim: 8, depth: 1 },
        layer: { type: "DecoderLayer", config: { heads: 2, headDim: 4 } },
      },
    },
    loss: { type: "ContrastiveLoss", config: { jointDim: 8, labelSmoothing: 0.1, directions: "sum" } },
    train: { type: "Train", config: { steps: 2, rate: 0.01, warmup: 0, adaptiveClip: 0.01 } },
  };
  const wires =
    "pairs.images > encoder.images, encoder.features > image.features, image.embedding > project.x, project.y > loss.image, pairs.words > text.words, text.embedding > loss.text, pairs.concept > loss.concept, loss.loss > train.loss";
  const edges = wires.split(", ").map((wire) => {
    const [from, to] = wire.split(" > ").map((end) => end.split("."));
    return { from, to };
  });
  return parsePipeline({ format: "flamingo-pipeline", version: 2, name: "Pretraining", nodes, edges }, "the test");
}

test("stochastic depth changes what is learnt, and a run that was stopped ends with the losses of one that ran through", async () => {
  const whole = stepsOf((await carryOut(await newRun(pretraining()))).records);
  const without = stepsOf((await carryOut(await newRun(pretraining(0)))).records);
  expect(without).not.toEqual(whole);
  const folder = await newRun(pretraining());
  const first = await carryOut(folder, { onRecord: ({ channel, step }, stop) => channel === "loss" && step === 1 && stop() }); // biome-ignore format: one line
  const second = await carryOut(folder);
  expect([...stepsOf(first.records), ...stepsOf(second.records)]).toEqual(whole);
}, 120_000);

test("the last layers, which adaptive clipping leaves out, are the loss's own and the last on each way to it", async () => {
  await openDevice("cpu");
  const weights = new Weights(1);
  const model = new PipelineModel(compile(pretraining(), catalog, ["train"]), weights, findBlock);
  expect([...lastLayers(model, "loss")].sort()).toEqual(["loss.temperature", "project.weight", "text.project.weight"]);
  weights.dispose();
});
