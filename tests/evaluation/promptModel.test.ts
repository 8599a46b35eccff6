import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Media } from "../../src/data/media.ts";
import { countTensors } from "../../src/engine/memory.ts";
import { assignNumbers } from "../../src/engine/readings/weights.ts";
import { logSoftmax, type Tensor, tensor, tidy } from "../../src/engine/tensor.ts";
import { UncachedDecoding } from "../../src/evaluation/decoding.ts";
import { type GenerateOptions, generate } from "../../src/evaluation/generate.ts";
import type { Prompt } from "../../src/evaluation/prompt.ts";
import { promptTokens } from "../../src/evaluation/prompt.ts";
import { PromptModel } from "../../src/evaluation/promptModel.ts";
import { logitsOutput } from "../../src/execution/logitsOutput.ts";
import { toTensors } from "../../src/execution/pipelineModel.ts";
import { type Prepared, prepareRun } from "../../src/execution/prepare.ts";
import { type Pipeline, parsePipeline } from "../../src/pipeline/schema.ts";
import { readRun } from "../../src/runs/folder.ts";
import { newRun, quietly, smallPipeline } from "../execution/smallRun.ts";

/** A pipeline's model with random weights, its gates open. */
async function open(pipeline: Pipeline): Promise<Prepared & { promptModel: PromptModel }> {
  const record = await readRun(await newRun(pipeline));
  const prepared = await prepareRun(record, quietly("wasm"));
  const { model, sources } = prepared;
  setGates(prepared, 0.8);
  return {
    ...prepared,
    promptModel: PromptModel.at(model, logitsOutput(model), (source) => sources.get(source)?.tokenizer),
  };
}

function setGates({ model }: Prepared, value: number): void {
  for (const { group, shape, variable } of model.weights.all())
    if (group === "gate") assignNumbers(variable, { shape, data: Float32Array.of(value) });
}

/** Some image, or a video of so many frames. */
function imageOf(seed: number, frames = 1): Media {
  const pixels = Float32Array.from({ length: frames * 16 * 16 * 3 }, (_, at) => Math.sin(seed + 1.7 * at * (seed + 1)));
  return { pixels, frames, size: 16 };
}

const [red, blue, green] = [imageOf(0), imageOf(1), imageOf(2)];
const film = imageOf(3, 3);
const [first, second] = [[40, 50], [60]];

let small: Awaited<ReturnType<typeof open>>;
let promptModel: PromptModel;
beforeAll(async () => {
  small = await open(smallPipeline());
  promptModel = small.promptModel;
});
afterAll(() => small.model.weights.dispose());

/** Logits of the whole model, on its source's values. */
function compute({ model }: Pick<Prepared, "model">, given: { images: Tensor; ids: Tensor }): Tensor {
  const { node, port } = logitsOutput(model);
  return tidy(() => model.compute(node, new Map([["data", given]]))[port] as Tensor);
}

async function logitsOf(of: PromptModel, ...prompts: Prompt[]): Promise<Float32Array> {
  const logits = await of.logits(prompts);
  const numbers = (await logits.data()) as Float32Array;
  logits.dispose();
  return numbers;
}

/** What something gives, and of how many rows the batches are that the language model continues meanwhile. */
async function watchRows<T>({ model }: Pick<Prepared, "model">, run: () => Promise<T>) {
  const rows = new Set<number>();
  const original = model.under.bind(model);
  model.under = (readingOf) => {
    const under = original(readingOf);
    const call = under.call.bind(under);
    under.call = (id, inputs) => {
      if (id === "language") rows.add(inputs.ids!.shape[0]!);
      return call(id, inputs);
    };
    return under;
  };
  try {
    return { together: await run(), rows };
  } finally {
    model.under = original;
  }
}

describe("a prompt model", () => {
  test("with closed gates says what the language model alone says, to the last bit", async () => {
    setGates(small, 0);
    const ids = Int32Array.from(promptTokens([red, first], promptModel.tokenizer).ids);
    const { logits } = small.model.call("language", { ids: tensor(ids, [1, ids.length], "int32") });
    expect(await logitsOf(promptModel, [red, first])).toEqual(await (logits as Tensor).data());
    setGates(small, 0.8);
  });

  test("reads each prompt with its own media, whatever stands beside it", async () => {
    const prompts: Prompt[] = [
      [green, first],
      [red, first],
      [green, first],
      [blue, first],
    ];
    const together = await logitsOf(promptModel, ...prompts);
    const size = together.length / prompts.length;
    for (const [row, prompt] of prompts.entries()) {
      promptModel.release();
      expect(together.slice(row * size, (row + 1) * size)).toBeAllclose(await logitsOf(promptModel, prompt), {
        ...{ relative: 1e-4, absolute: 1e-5 },
      });
    }
    expect(together.slice(0, size)).toEqual(together.slice(2 * size, 3 * size));
    expect(together.slice(0, size)).not.toEqual(together.slice(size, 2 * size));
  });

  test("gives the logits of its model: with several images, texts between them, and videos", async () => {
    for (const media of [
      [red, blue, green],
      [film, imageOf(4, 3)],
    ]) {
      const prompt = media.flatMap((each) => [each, first]);
      const { ids } = promptTokens(prompt, promptModel.tokenizer);
      const pixels = Float32Array.from(media.flatMap((each) => [...each.pixels]));
      const images = tensor(pixels, [1, media.length, media[0]!.frames, 16, 16, 3]);
      const given = { images, ids: tensor(Int32Array.from(ids), [1, ids.length], "int32") };
      expect(await logitsOf(promptModel, prompt)).toBeAllclose(await compute(small, given).data(), {
        ...{ relative: 1e-4, absolute: 1e-5 },
      });
    }
  });

  test.each<[string, Partial<GenerateOptions>]>([
    ["greedily", {}],
    ["by sampling", { sampling: { seed: 2, topK: 5 } }],
    ["by beams", { beams: 3, lengthPenalty: 1 }],
  ])("continues a prompt as reading the whole text each time does: %s", async (_, way) => {
    const prompts: Prompt[] = [[red], [blue, first, green], [green, second, red], [film, first, film, second]];
    const tokens = prompts.map((prompt) => promptTokens(prompt, promptModel.tokenizer));
    const { pad, bos, image, endOfChunk } = promptModel.tokenizer.special;
    const whole = await generate(
      (rows) => {
        const { media } = tokens[rows[0]!]!;
        const all = Float32Array.from(rows.flatMap(() => media.flatMap((each) => [...each.pixels])));
        const images = tensor(all, [rows.length, media.length, media[0]!.frames, 16, 16, 3]);
        return new UncachedDecoding(rows.length, (ids) => compute(small, { images, ids }));
      },
      tokens.map(({ ids }) => ids),
      { most: 5, end: endOfChunk, never: [pad, bos, image], ...way },
      (prompt) => prompt, // each alone
    );
    const generated = await promptModel.generate(prompts, { most: 5, ...way });
    expect(generated.map((each) => each.tokens)).toEqual(whole.map((each) => each.tokens));
    expect(generated.map(({ text }) => text)).toEqual(whole.map((each) => promptModel.tokenizer.decode(each.tokens)));
  });

  test("continues prompts of different lengths in one batch, where the language model takes a mask", async () => {
    const prompts: Prompt[] = [
      [red],
      [blue, first],
      [green, second],
      [red, [40, 50, 60, 70]],
      [film, first, green, second],
    ];
    const alone: number[][] = [];
    for (const prompt of prompts) alone.push((await promptModel.generate([prompt], { most: 5 }))[0]!.tokens);
    const { together, rows } = await watchRows(small, () => promptModel.generate(prompts, { most: 5 }));
    expect(together.map(({ tokens }) => tokens)).toEqual(alone);
    expect(rows).toEqual(new Set([4, 1])); // one batch for each number of media
  });

  test("reads images and videos of any length in one prompt", async () => {
    const prompt = [film, first, green, second, imageOf(5, 2)];
    const { tokens } = (await promptModel.generate([prompt], { most: 3 }))[0]!;
    for (const [at, token] of tokens.entries()) {
      const numbers = await logitsOf(promptModel, [...prompt, tokens.slice(0, at)]);
      const last = numbers.subarray(-(promptModel.tokenizer.pretrained + 2), -2); // without <image> and the end
      expect([...last].map((score, id) => [score, id]).filter(([, id]) => id! > 1)).toSatisfy(
        (scores: [number, number][]) => scores.toSorted(([a], [b]) => b - a)[0]![1] === token,
      );
    }
    const swapped = await logitsOf(promptModel, [imageOf(6, 3), first, green, second, imageOf(5, 2)]);
    expect(swapped).not.toEqual(await logitsOf(promptModel, prompt));
  });

  test("scores candidates of one token as it scores them one by one, whatever else is asked", async () => {
    const asked = [
      { prompt: [red, first, blue], candidates: [[60], [61], [9]] },
      { prompt: [green], candidates: [[60], [7]] },
      { prompt: [blue, first, red], candidates: [[8]] },
      { prompt: [first], candidates: [[60], [61]] },
    ];
    const together = await promptModel.candidateScores(asked);
    expect(together.map(({ length }) => length)).toEqual([3, 2, 1, 2]);
    for (const [at, { prompt, candidates }] of asked.entries()) {
      const each = await promptModel.logLikelihoods(candidates.map((text) => ({ prompt, text })));
      expect(together[at]!.map(({ sum }) => sum)).toBeAllclose(
        each.map(({ sum }) => sum),
        { relative: 1e-4, absolute: 1e-5 },
      );
    }
    const [longer] = await promptModel.candidateScores([{ prompt: [red], candidates: [[60, 61], [9]] }]);
    expect(longer!.map(({ count }) => count)).toEqual([2, 1]);
  });

  test("scores texts as its logits say, whatever their length, their prompts and their neighbours", async () => {
    const asked = [
      { prompt: [red], text: first },
      { prompt: [blue, first, green], text: second },
      { prompt: [], text: first },
      { prompt: [red], text: second },
    ];
    const scores = await promptModel.logLikelihoods(asked);
    for (const [at, { prompt, text }] of asked.entries()) {
      const before = promptTokens(prompt, promptModel.tokenizer).ids.length;
      const logits = await promptModel.logits([prompt.length === 0 ? [text] : [...prompt, text]]);
      const [, length, all] = logits.shape as [number, number, number];
      const competing = prompt.length === 0 ? promptModel.tokenizer.pretrained : all;
      const logProbabilities = tidy(() => logSoftmax(logits.slice([0, 0, 0], [1, length, competing])));
      const numbers = await logProbabilities.data();
      const sum = text.reduce((total, token, index) => total + numbers[(before - 1 + index) * competing + token]!, 0);
      expect(scores[at]!.sum).toBeCloseTo(sum, 3);
      expect(scores[at]!.count).toBe(text.length);
    }
  });

  test("encodes each image once, also for prompts that share it, until it is told to forget", async () => {
    const { model } = small;
    const encoded: number[] = [];
    const original = model.compute.bind(model);
    model.compute = (id, values) => {
      const images = values.get("data")?.images;
      if (id === "encoder" && !values.has("encoder")) encoded.push(images!.shape[0]!);
      return original(id, values);
    };
    try {
      promptModel.release();
      await promptModel.logLikelihoods([{ prompt: [red, first, blue], text: second }]);
      const before = encoded.reduce((sum, count) => sum + count, 0);
      await promptModel.generate([[red], [blue], [green, first, red]], { most: 2 });
      expect(encoded.reduce((sum, count) => sum + count, 0) - before).toBe(1); // green
      promptModel.release();
      await promptModel.generate([[red]], { most: 1 });
      expect(encoded.at(-1)).toBe(1);
    } finally {
      model.compute = original;
    }
  });

  test("leaves no tensor behind", async () => {
    promptModel.release();
    const released = countTensors();
    await promptModel.generate([[red], [blue, first, film]], { most: 3, beams: 2 });
    await promptModel.logLikelihoods([{ prompt: [red, first, green], text: second }]);
    (await promptModel.logits([[], [first]])).dispose();
    promptModel.release();
    expect(countTensors()).toBe(released);
  });

  test("has no language model alone where the media are needed", async () => {
    const { model } = small;
    const optional = model.isOptional.bind(model);
    model.isOptional = () => false;
    expect(promptModel.readsTextAlone).toBe(false);
    await expect(promptModel.logits([[first]])).rejects.toMatchObject({ code: "INVALID_PIPELINE" });
    model.isOptional = optional;
    expect(promptModel.readsTextAlone).toBe(true);
  });

  test("is told where the logits depend on no images with texts", () => {
    expect(() => PromptModel.at(small.model, { node: "language", port: "logits" }, () => undefined)).toThrow(
      "depend on no source of images and texts",
    );
  });
});

test.each<[string, Record<string, unknown>]>([
  [
    "turns positions by the length of the whole batch",
    { attention: { type: "RotaryAttention", config: { scaling: "dynamic", factor: 4, trainedLength: 6 } } },
  ],
  ["numbers positions with the padding", {}],
])("prompts are continued length by length where the model %s", async (_, layer) => {
  const language = {
    decoderLayer: { type: "DecoderLayer", config: { heads: 2, headDim: 8, ...layer } },
    ...("attention" in layer
      ? {}
      : { positions: { type: "TextPositions", config: { maxLength: 40, counts: "positions" } } }),
  };
  const { promptModel, model } = await open(smallPipeline({ config: { language } }));
  const prompts: Prompt[] = [[red, [40, 50, 60, 70]], [blue], [green, second]];
  const alone: number[][] = [];
  for (const prompt of prompts) alone.push((await promptModel.generate([prompt], { most: 6 }))[0]!.tokens);
  const { together, rows } = await watchRows({ model }, () => promptModel.generate(prompts, { most: 6 }));
  expect(together.map(({ tokens }) => tokens)).toEqual(alone);
  expect(rows).toEqual(new Set([1]));
  promptModel.release();
  model.weights.dispose();
});

test("where a resampler numbers the media of a prompt, they are encoded together", async () => {
  const numbered = await open(smallPipeline({ config: { resampler: { maxMedia: 3 } } }));
  const prompt = [red, first, blue, second, green];
  const { ids } = promptTokens(prompt, numbered.promptModel.tokenizer);
  const pixels = Float32Array.from([red, blue, green].flatMap((each) => [...each.pixels]));
  const given = {
    images: tensor(pixels, [1, 3, 1, 16, 16, 3]),
    ids: tensor(Int32Array.from(ids), [1, ids.length], "int32"),
  };
  const expected = await compute(numbered, given).data();
  expect(await logitsOf(numbered.promptModel, prompt)).toBeAllclose(expected, { relative: 1e-4, absolute: 1e-5 });
  await expect(numbered.promptModel.logits([[red, first, film]])).rejects.toMatchObject({ code: "SHAPE_MISMATCH" });
  numbered.promptModel.release();
  numbered.model.weights.dispose();
});

describe("a model", () => {
  test("knows what does not change while it learns: the encoder, not what comes after", () => {
    const { model } = small;
    expect(["encoder", "resampler", "language", "loss"].map((id) => model.isFixed(id))).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(model.blocksUpTo("loss")).toEqual(["encoder", "resampler", "language", "loss"]);
    expect(model.sourcesOf("resampler").map(({ id }) => id)).toEqual(["data"]);
  });

  test("computes what is asked for and keeps what was given", async () => {
    const { model, sources } = small;
    const given = toTensors(await sources.get("data")!.batch(0));
    const values = new Map([["data", given as Record<string, (typeof given)["images"] & {}>]]);
    const { media } = model.compute("resampler", values);
    expect(media!.shape).toEqual([2, 2, 2, 16]);
    expect([...values.keys()]).toEqual(["data", "encoder", "resampler"]);
    const zeros = tensor(new Float32Array(2 * 2 * 2 * 16), [2, 2, 2, 16]);
    const blind = model.compute("language", new Map([...values, ["resampler", { media: zeros }]])).logits;
    expect(blind!.shape).toEqual([2, given.ids!.shape[1], 3322]);
  });

  test("says what it lacks", () => {
    expect(() => small.model.compute("loss", new Map())).toThrow('no values were given for "data"');
    expect(() => small.model.node("nowhere")).toThrow('the plan has no node "nowhere"');
  });
});

/** A pipeline whose language model is laid open and rewired: images are looked at after the words were, and once only. */
function rewired() {
  const { vocabulary, newTokens, imageToken, dim } = smallPipeline().nodes.language!.config as Record<string, number>;
  const { nodes } = smallPipeline({ without: ["language", "train", "samples", "evaluate", "loss"] });
  const wires = [
    "data.images > encoder.images, encoder.features > resampler.features",
    "data.ids > embed.ids, data.ids > locate.ids, embed.hidden > read.hidden",
    "read.hidden > look.text, resampler.media > look.media, locate.locations > look.locations",
    "look.text > add.a, embed.hidden > add.b, add.sum > norm.x, norm.y > score.hidden, embed.table > score.table",
    "score.logits > evaluate.logits",
  ];
  return parsePipeline(
    {
      ...{ format: "flamingo-pipeline", version: 2, name: "Rewired" },
      nodes: {
        ...nodes,
        embed: { type: "TokenEmbedding", config: { vocabulary, newTokens, dim } },
        locate: { type: "MediaLocations", config: { imageToken } },
        read: { type: "DecoderLayer", config: { dim, heads: 2, headDim: 8, attention: { type: "AlibiAttention" } } },
        look: { type: "GatedXattnDense", config: { dim, visualDim: 16, heads: 2, headDim: 8 } },
        add: { type: "Add", config: {} },
        norm: { type: "LayerNorm", config: { dim } },
        score: { type: "Logits", config: {} },
        evaluate: { type: "Evaluate", config: { examples: 4 } },
      },
      edges: wires
        .join(", ")
        .split(", ")
        .map((wire) => wire.split(" > ").map((end) => end.split(".")))
        .map(([from, to]) => ({ from, to })),
    },
    "the test",
  );
}

test("a model whose language model is rewired continues prompts chunk by chunk all the same", async () => {
  const { promptModel, model } = await open(rewired());
  const prompts: Prompt[] = [[red], [blue], [green]];
  const { pad, bos, image, endOfChunk } = promptModel.tokenizer.special;
  const generated = await promptModel.generate(prompts, { most: 5 });
  for (const [at, media] of [red, blue, green].entries()) {
    const whole = await generate(
      (rows) =>
        new UncachedDecoding(rows.length, (ids) =>
          compute({ model }, { images: tensor(media.pixels, [1, 1, 1, 16, 16, 3]), ids }),
        ),
      [[bos, image]],
      { most: 5, end: endOfChunk, never: [pad, bos, image] },
    );
    expect(generated[at]!.tokens).toEqual(whole[0]!.tokens);
  }
  expect(promptModel.readsTextAlone).toBe(false);
  promptModel.release();
  model.weights.dispose();
});
