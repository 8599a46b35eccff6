import { describe, expect, test } from "vitest";
import { describeWeights } from "../../src/core/describeWeights.ts";
import { Random } from "../../src/core/random.ts";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { dispose, square, sum, type Tensor, tensor, tidy } from "../../src/engine/tensor.ts";
import { trace } from "../../src/graph/trace.ts";
import { Flamingo } from "../../src/models/flamingo.ts";
import { FlamingoLanguageModel } from "../../src/models/languageModel.ts";
import { bitsOf, LiveBlock } from "../blocks/liveBlock.ts";
import { describeDevices } from "../devices.ts";
import { languageConfig } from "./languageConfig.ts";

/** A language model without new tokens: <image> is a token of its own vocabulary. */
const config = languageConfig({ vocabulary: 9, newTokens: 0, imageToken: 7, padded: false });
const tag = config.imageToken;
const text = [1, tag, 2, 3, tag, 4, 5];

function idsOf(tokens: readonly number[]): Tensor {
  return tensor(Int32Array.from(tokens), [1, tokens.length], "int32");
}

/** Visual tokens of an image for each seed. */
function mediaOf(...seeds: number[]): Tensor {
  const numbers = seeds.flatMap((seed) => [...new Random(seed).normals(3 * config.visualDim)]);
  return tensor(numbers, [1, seeds.length, 3, config.visualDim]);
}

/** The bits of each word's logits. */
async function logits(model: LiveBlock, tokens: readonly number[], media?: Tensor): Promise<number[][]> {
  const value = tidy(() => model.run({ ids: idsOf(tokens), ...(media ? { media } : {}) }).logits!);
  const bits = await bitsOf(value);
  value.dispose();
  const width = bits.length / tokens.length;
  return tokens.map((_, at) => bits.slice(at * width, (at + 1) * width));
}

const changed = (a: number[][], b: number[][]) =>
  a.map((word, at) => (String(word) === String(b[at]) ? "." : "x")).join("");

describeDevices("Flamingo", (device) => {
  const atStart = () => new LiveBlock(FlamingoLanguageModel, { config }).shake();
  const made = () => atStart().openGates();

  test("gives at step 0 the logits of its language model alone, bit for bit", async () => {
    const model = atStart();
    expect(await logits(model, text, mediaOf(1, 2))).toEqual(await logits(model, text));
  });

  test("has gradients at step 0 for its gates, and for nothing else", async () => {
    const { visualDim: _given, ...languageModel } = { ...config, layers: 1 };
    const whole = { ...Flamingo.example, languageModel: { type: "FlamingoLanguageModel", config: languageModel } };
    const model = new LiveBlock(Flamingo, { config: whole }).shake();
    const size = whole.imageSize!;
    const images = tensor(new Random(1).uniforms(2 * size * size * 3, -1, 1), [1, 2, 1, size, size, 3]);
    const weights = model.weights.trainable();
    const { value, gradients } = valueAndGradients(
      () => sum(square(model.run({ images, ids: idsOf(text) }).logits!)),
      weights.map(({ variable }) => variable),
    );
    const moved: string[] = [];
    for (const [at, { name }] of weights.entries())
      if ((await gradients[at]!.data()).some((number) => number !== 0)) moved.push(name);
    expect(moved).toEqual(weights.filter(({ group }) => group === "gate").map(({ name }) => name));
    expect(moved.length).toBe(2);
    dispose([value, images, ...gradients.filter((gradient) => gradient !== null)]);
  });

  test("never lets a later word change the logits of an earlier one", async () => {
    const model = made();
    const before = await logits(model, text, mediaOf(1, 2));
    for (const [at, word] of [
      [6, 1],
      [3, 6],
      [0, 8],
    ] as const) {
      const after = await logits(model, text.with(at, word), mediaOf(1, 2));
      expect(changed(before, after)).toBe(".".repeat(at) + "x".repeat(text.length - at));
    }
  });

  test("lets an image change the logits of its tag and of what follows, never of what comes before", async () => {
    const model = made();
    const before = await logits(model, text, mediaOf(1, 2));
    expect(changed(before, await logits(model, text, mediaOf(3, 2)))).toBe(".xxxxxx");
    expect(changed(before, await logits(model, text, mediaOf(1, 3)))).toBe("....xxx");
  });

  if (device === "webgpu") return;
  test.each([
    ["more <image> tokens than images", mediaOf, [1], 2],
    ["more images than <image> tokens", mediaOf, [1, 2, 3], 2],
  ])("refuses %s", async (_, pictures, seeds, tags) => {
    const refused = logits(made(), text, pictures(...seeds));
    const message = `row 0 has ${tags} <image> tokens in its text but ${seeds.length} images`;
    await expect(refused).rejects.toMatchObject({ code: "MEDIA_COUNT", message });
  });
});

describe("what learns in Flamingo", () => {
  const learning = (more = {}, frozen = false) => {
    const { type, config } = Flamingo.example.languageModel!;
    const languageModel = { type, config: { ...config, ...more } };
    return describeWeights(Flamingo, { ...Flamingo.example, languageModel }, { frozen })
      .filter((weight) => !weight.frozen)
      .map(({ name }) => name);
  };

  test("is the resampler, the gated layers and the new tokens, while the language model is frozen", () => {
    const names = learning();
    for (const part of ["perceiver.", "lang_encoder.gated_cross_attn_layers.", "lang_encoder.embed_tokens.new_tokens"])
      expect(
        names.some((name) => name.startsWith(part)),
        part,
      ).toBe(true);
    for (const name of names) expect(name).toMatch(/^perceiver\.|\.gated_cross_attn_layers\.|\.new_tokens$/);
  });

  test("is the language model too, where it is not frozen, but never the vision encoder", () => {
    const names = learning({ frozen: false });
    expect(names).toContain("lang_encoder.layers.0.attn.to_q.weight");
    expect(names).toContain("lang_encoder.embed_tokens.weight");
    expect(names.filter((name) => name.startsWith("vision_encoder."))).toEqual([]);
  });

  test("is nothing at all where the whole block is frozen", () => {
    expect(learning({}, true)).toEqual([]);
  });
});

describe("where the gated layers stand", () => {
  const layers = (every: number, placement: "first" | "last" | "middle" | "none") => {
    const { nodes } = trace(FlamingoLanguageModel, { ...config, layers: 6, every, placement });
    return Object.entries(nodes)
      .map(([id, { type }]) => ({ GatedXattnDense: "x", DecoderLayer: id.split(".")[1]! })[type] ?? "")
      .join("");
  };

  test("is before layers 0, n, 2n, as in the paper", () => {
    expect(layers(1, "first")).toBe("x0x1x2x3x4x5");
    expect(layers(4, "first")).toBe("x0123x45");
  });
  test("is before layers n-1, 2n-1, as in OpenFlamingo, where it is told to", () => {
    expect(layers(3, "last")).toBe("01x234x5");
  });
  test("is before the middle layer alone, or nowhere", () => {
    expect(layers(1, "middle")).toBe("012x345");
    expect(layers(1, "none")).toBe("012345");
  });
});
