import { beforeAll, describe, expect, test } from "vitest";
import { NextTokenLoss } from "../../src/blocks/nextTokenLoss.ts";
import { makeCatalog } from "../../src/core/catalog.ts";
import { Random } from "../../src/core/random.ts";
import type { SlotInput } from "../../src/core/slot.ts";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { dispose, type Tensor, tensor } from "../../src/engine/tensor.ts";
import { checkGraph } from "../../src/graph/check.ts";
import { trace } from "../../src/graph/trace.ts";
import { build } from "../../src/models/build.ts";
import { Flamingo } from "../../src/models/flamingo.ts";
import { models } from "../../src/models/index.ts";
import { Optimizer } from "../../src/training/optimizer.ts";
import { flamingoGroups } from "../../src/training/parameterGroups.ts";

const catalog = makeCatalog(models);
const heads = { heads: 2, headDim: 4 };
const image = 16;
const visualDim = 16;
const [vocabulary, imageToken] = [11, 11];

interface Change {
  fusionLayer?: Record<string, unknown>;
  language?: Record<string, unknown>;
  languageModel?: string;
  resampler?: SlotInput;
  visionEncoder?: SlotInput;
}

/** A small Flamingo with one thing changed. */
function flamingo({ fusionLayer = {}, language = {}, languageModel = "FlamingoLanguageModel", ...slots }: Change = {}) {
  const grafted = languageModel === "GraftedLanguageModel";
  return {
    imageSize: image,
    visualDim,
    resampler: { type: "PerceiverResampler", config: { depth: 1, latents: 3, ...heads } },
    languageModel: {
      type: languageModel,
      config: {
        ...{ vocabulary, newTokens: 2, imageToken, dim: 8, layers: 4 },
        decoderLayer: { type: "DecoderLayer", config: { ...heads, attention: { type: "AlibiAttention" } } },
        ...(grafted ? {} : { fusionLayer: { type: "GatedXattnDense", config: { ...heads, ...fusionLayer } } }),
        ...language,
      },
    },
    ...slots,
  };
}

const cross = { type: "MaskedCrossAttention", config: heads };

/** The rows of Table 3 (iii, iv, v, vi) and Table 10 that change the architecture. */
const rows: Record<string, Change> = {
  baseline: {},
  "no tanh gate": { fusionLayer: { gate: { type: "Ungated" } } },
  "vanilla cross-attention": {
    language: {
      placement: "none",
      decoderLayer: { type: "CrossDecoderLayer", config: { ...heads, crossAttention: cross } },
    },
  },
  grafting: {
    languageModel: "GraftedLanguageModel",
    language: { newLayers: 2, newLayer: { type: "CrossDecoderLayer", config: { ...heads, crossAttention: cross } } },
  },
  "single in the middle": { language: { placement: "middle" } },
  "every 2nd": { language: { every: 2 } },
  "every 4th": { language: { every: 4 } },
  "resampler: MLP": { resampler: { type: "MlpResampler", config: { depth: 1 } } },
  "resampler: Transformer": {
    resampler: {
      type: "TransformerResampler",
      config: { depth: 1, latents: 3, layer: { type: "EncoderLayer", config: heads } },
    },
  },
  "resampler: larger": { resampler: { type: "PerceiverResampler", config: { depth: 3, latents: 3, ...heads } } },
  "vision encoder: transformer": {
    visionEncoder: {
      type: "VisionTransformer",
      config: { patchSize: 4, depth: 1, layer: { type: "EncoderLayer", config: heads } },
    },
  },
  "attention to all previous images": { fusionLayer: { attend: "allPrevious" } },
  "language model not frozen": { language: { frozen: false } },
};

/** A batch of two documents of two images each. */
function makeBatch() {
  const images = tensor(new Random(1).uniforms(4 * image * image * 3, -1, 1), [2, 2, 1, image, image, 3]);
  const text = [
    [1, imageToken, 4, 5, imageToken, 6, 7],
    [1, imageToken, 8, 2, imageToken, 3, 9],
  ];
  const ids = tensor(Int32Array.from(text.flat()), [2, 7], "int32");
  const targets = text.map((row) => row.map((_, at) => (at < 6 && row[at + 1] !== imageToken ? row[at + 1]! : -100)));
  return { images, ids, targets: tensor(Int32Array.from(targets.flat()), [2, 7], "int32") };
}

beforeAll(() => openDevice("wasm"));

describe("an architecture of the paper's ablations is a configuration:", () => {
  test.each(Object.entries(rows))("%s is made, traced, and trained for 3 steps", async (name, change) => {
    const config = flamingo(change);
    expect(checkGraph(trace(Flamingo, config), catalog)).toEqual([]);
    const model = build(Flamingo, config, { seed: 1 });
    const loss = build(NextTokenLoss, {});
    const { images, ids, targets } = makeBatch();
    const weights = model.weights.trainable();
    expect(weights.some(({ name }) => name.startsWith("vision_encoder."))).toBe(false);
    const optimizer = new Optimizer(weights, { groups: flamingoGroups(10, 0.1), clip: 1 });
    const losses: number[] = [];
    for (let step = 1; step <= 4; step++) {
      const { value, gradients } = valueAndGradients(
        () => loss({ logits: model({ images, ids }), targets }) as Tensor,
        weights.map(({ variable }) => variable),
      );
      losses.push((await value.data())[0]!);
      dispose([value, optimizer.step(gradients, step, 0.02), ...gradients.filter((gradient) => gradient !== null)]);
    }
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses[3], name).toBeLessThan(losses[0]!);
    dispose([images, ids, targets]);
    optimizer.dispose();
    model.dispose();
  });

  test("they differ in what is trained as the paper's do", () => {
    const trained = (change: Change) => {
      const model = build(Flamingo, flamingo(change), { seed: 1 });
      const count = model.weights.trainable().reduce((sum, { variable }) => sum + variable.size, 0);
      model.dispose();
      return count;
    };
    const of = (row: string) => trained(rows[row]!);
    const order = ["single in the middle", "every 2nd", "baseline"].map(of);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(of("every 4th")).toBe(of("single in the middle"));
    expect(of("vanilla cross-attention")).toBeLessThan(of("baseline"));
  });
});
