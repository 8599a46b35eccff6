import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ClipVision } from "../../src/blocks/clipVision.ts";
import { ContrastiveLoss } from "../../src/blocks/contrastiveLoss.ts";
import { Linear } from "../../src/blocks/linear.ts";
import { TextEncoder } from "../../src/blocks/textEncoder.ts";
import { instantiate } from "../../src/core/instantiate.ts";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { Eager } from "../../src/engine/readings/eager.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import { dispose, reshape, type Tensor, tensor, transpose } from "../../src/engine/tensor.ts";
import { loadWeights } from "../../src/weights/file.ts";
import { describeDevices } from "../devices.ts";
import { relativeError } from "./agreement.ts";
import { numbersOf } from "./familyCase.ts";

const folder = new URL("../fixtures/contrastive/", import.meta.url).pathname;
const { text, vision } = JSON.parse(readFileSync(`${folder}config.json`, "utf8"));
const stored = async (name: string) => (await loadWeights(`${folder}${name}.safetensors`)).tensors;

type Fields = Record<string, number>;
const layer = (type: string, { hidden_size, num_attention_heads, intermediate_size }: Fields) => ({
  type,
  config: {
    ...{ heads: num_attention_heads!, headDim: hidden_size! / num_attention_heads!, bias: true },
    feedForward: {
      type: "FeedForward",
      config: { inner: intermediate_size!, bias: true, activation: { type: "QuickGelu" } },
    },
  },
});

/** Both of CLIP's towers and its loss, in blocks of ours; `run` gives the loss. */
function clip(weights: Weights, smoothing: number) {
  const at = (path: string) => new Eager(weights, path);
  const images = instantiate(
    ClipVision,
    {
      imageSize: vision.image_size,
      patchSize: vision.patch_size,
      visualDim: vision.hidden_size,
      depth: vision.num_hidden_layers,
      patchBias: false,
      preNorm: { type: "LayerNorm" },
      layer: layer("EncoderLayer", vision),
    },
    at("vision"),
  );
  const project = instantiate(Linear, { inDim: vision.hidden_size, outDim: vision.projection_dim }, at("project"));
  const words = instantiate(
    TextEncoder,
    {
      vocabulary: text.vocab_size,
      dim: text.hidden_size,
      jointDim: text.projection_dim,
      maxLength: text.max_position_embeddings,
      depth: text.num_hidden_layers,
      layer: layer("DecoderLayer", text),
      pool: "last",
    },
    at("text"),
  );
  const loss = instantiate(
    ContrastiveLoss,
    { jointDim: text.projection_dim, labelSmoothing: smoothing, directions: smoothing > 0 ? "sum" : "mean" },
    at("loss"),
  );
  return (pixels: Tensor, ids: Tensor) => {
    const { pooled } = images({ images: pixels });
    const image = project(reshape(pooled as Tensor, [pixels.shape[0]!, vision.hidden_size]));
    return loss({ image, text: words({ words: ids }) }) as Tensor;
  };
}

/** transformers' names of the same weights. */
function theirName(name: string): string {
  const [tower, ...rest] = name.split(".");
  if (tower === "project") return "visual_projection.weight";
  if (tower === "loss") return "logit_scale";
  const path = rest.join(".");
  if (path === "project.weight") return "text_projection.weight";
  const renamed = path
    .replace(/^layers\./, "encoder.layers.")
    .replace(".attn.norm.", ".layer_norm1.")
    .replace(/\.attn\.to_(q|k|v|out)\./, (_, each) => `.self_attn.${each}_proj.`)
    .replace(".ff.0.", ".layer_norm2.")
    .replace(".ff.1.", ".mlp.fc1.")
    .replace(".ff.3.", ".mlp.fc2.")
    .replace(/^embed_tokens\./, "embeddings.token_embedding.")
    .replace(/^embed_positions$/, "embeddings.position_embedding.weight")
    .replace(/^positions$/, "embeddings.position_embedding.weight")
    .replace(/^class_token$/, "embeddings.class_embedding")
    .replace(/^patches\./, "embeddings.patch_embedding.")
    .replace(/^pre_norm\./, "pre_layrnorm.")
    .replace(/^norm\./, tower === "text" ? "final_layer_norm." : "post_layernorm.");
  return `${tower}_model.${renamed}`;
}

describeDevices("the contrastive objective with a text encoder", (device) => {
  const bound = device === "webgpu" ? 1e-3 : 1e-4;

  test.each([
    ["plain", "CLIP's loss", 0],
    ["smoothed", "with label smoothing and the sum of both directions, PyTorch's loss", 0.1],
  ] as const)("%s: is %s, with its gradients by all weights, the temperature's too", async (name, _, smoothing) => {
    const [numbers, inputs, expected] = [await stored("weights"), await stored("inputs"), await stored("expected")];
    const weights = new Weights(0);
    const run = clip(weights, smoothing);
    // Ours begins at a temperature of 0.07 and learns an exponent beside it.
    const begin = Math.log(1 / 0.07);
    const own = weights.all().map(({ name: each, shape }) => {
      const { data } = numbersOf(numbers.get(theirName(each))!);
      return [each, { shape, data: each.startsWith("loss") ? data.map((scale) => scale - begin) : data }] as const;
    });
    weights.load(new Map(own), "", "the case");
    const [pixels, ids] = [numbersOf(inputs.get("pixel_values")!), numbersOf(inputs.get("input_ids")!)];
    const [images, channels, height, width] = pixels.shape as [number, number, number, number];
    const nchw = tensor(pixels.data, [images, channels, height, width]);
    const given = [
      reshape(transpose(nchw, [0, 2, 3, 1]), [images, 1, 1, height, width, channels]),
      tensor(Int32Array.from(ids.data), [...ids.shape], "int32"),
    ] as const;
    const learnt = weights.trainable();
    const { value, gradients } = valueAndGradients(
      () => run(...given),
      learnt.map(({ variable }) => variable),
    );
    expect(relativeError(await value.data(), numbersOf(expected.get(`${name}.loss`)!).data)).toBeLessThan(bound);
    const wanted = learnt.map(({ name: each }) => numbersOf(expected.get(`${name}.grad.${theirName(each)}`)!).data);
    const largest = Math.max(...wanted.flatMap((data) => [...data].map(Math.abs)));
    for (const [at, { name: each }] of learnt.entries())
      expect(relativeError(await gradients[at]!.data(), wanted[at]!, 1e-3 * largest), each).toBeLessThan(10 * bound);
    expect(learnt.length).toBe([...numbers.keys()].filter((each) => !each.endsWith("position_ids")).length);
    dispose([value, nchw, ...given, ...gradients.map((each) => each!)]);
    weights.dispose();
  });
});
