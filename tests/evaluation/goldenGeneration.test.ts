import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { openDevice } from "../../src/engine/devices/device.ts";
import { tensor } from "../../src/engine/tensor.ts";
import { UncachedDecoding } from "../../src/evaluation/decoding.ts";
import { type GenerateOptions, generate } from "../../src/evaluation/generate.ts";
import { loadWeights } from "../../src/weights/file.ts";

// What generates, on a model that is written here in plain numbers: so nothing but the search is compared.

const folder = fileURLToPath(new URL("../fixtures/families/generate-gpt2/", import.meta.url));
const { config, generation } = JSON.parse(readFileSync(`${folder}config.json`, "utf8")) as {
  config: { n_embd: number; n_head: number; n_layer: number; layer_norm_epsilon: number; vocab_size: number };
  generation: Record<"max_new_tokens" | "num_beams" | "length_penalty" | "eos_token_id" | "pad_token_id", number>;
};
const dim = config.n_embd;

type Vector = readonly number[];
type Weight = (name: string) => Float32Array;

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!;
  return sum;
};
const added = (a: Vector, b: Vector) => a.map((value, at) => value + b[at]!);

function layerNorm(x: Vector, weight: Float32Array, bias: Float32Array): Vector {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  return x.map(
    (value, at) => ((value - mean) / Math.sqrt(variance + config.layer_norm_epsilon)) * weight[at]! + bias[at]!,
  );
}

/** A linear layer whose weight is stored input-major. */
function linear(x: Vector, weight: Float32Array, bias: Float32Array): Vector {
  return Array.from(bias, (start, out) =>
    x.reduce((sum, value, at) => sum + value * weight[at * bias.length + out]!, start),
  );
}

const gelu = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

/** GPT-2's logits at the last token. */
function gpt2(ids: Vector, weight: Weight): Vector {
  let hidden = ids.map(
    (id, at): Vector =>
      Array.from(
        { length: dim },
        (_, of) => weight("wte.weight")[id * dim + of]! + weight("wpe.weight")[at * dim + of]!,
      ),
  );
  for (let layer = 0; layer < config.n_layer; layer++) {
    const of = (name: string) => [weight(`h.${layer}.${name}.weight`), weight(`h.${layer}.${name}.bias`)] as const;
    const projected = hidden.map((x) => linear(layerNorm(x, ...of("ln_1")), ...of("attn.c_attn")));
    const attended = projected.map((_, at) => linear(attend(projected, at), ...of("attn.c_proj")));
    hidden = hidden.map((x, at) => added(x, attended[at]!));
    const inner = hidden.map((x) => linear(layerNorm(x, ...of("ln_2")), ...of("mlp.c_fc")).map(gelu));
    hidden = hidden.map((x, at) => added(x, linear(inner[at]!, ...of("mlp.c_proj"))));
  }
  const last = layerNorm(hidden.at(-1)!, weight("ln_f.weight"), weight("ln_f.bias"));
  const table = weight("wte.weight");
  return Array.from({ length: config.vocab_size }, (_, id) => dot(last, table.subarray(id * dim, (id + 1) * dim)));
}

/** What position `at` attends to, among itself and those before it. */
function attend(projected: readonly Vector[], at: number): Vector {
  const width = dim / config.n_head;
  return Array.from({ length: config.n_head }, (_, head) => {
    const part = (position: number, which: number) =>
      projected[position]!.slice(which * dim + head * width, which * dim + (head + 1) * width);
    const scores = Array.from({ length: at + 1 }, (_, key) =>
      Math.exp(dot(part(at, 0), part(key, 1)) / Math.sqrt(width)),
    );
    const total = scores.reduce((sum, score) => sum + score, 0);
    return Array.from({ length: width }, (_, of) =>
      scores.reduce((sum, score, key) => sum + (score / total) * part(key, 2)[of]!, 0),
    );
  }).flat();
}

let weight: Weight;
let expected: Map<string, { shape: readonly number[]; data: ArrayLike<number> }>;
let prompts: number[][];

beforeAll(async () => {
  await openDevice("cpu");
  const { tensors } = await loadWeights(`${folder}weights.safetensors`);
  const prefix = [...tensors.keys()].find((name) => name.endsWith("wte.weight"))!.replace("wte.weight", "");
  weight = (name) => tensors.get(prefix + name)!.data as Float32Array;
  expected = (await loadWeights(`${folder}expected.safetensors`)).tensors as typeof expected;
  const inputs = (await loadWeights(`${folder}inputs.safetensors`)).tensors as typeof expected;
  const mask = inputs.get("attention_mask")!.data;
  const [rows, length] = inputs.get("input_ids")!.shape as [number, number];
  // Padded on the left: what is padding is left out, for prompts of different length are read apart.
  prompts = Array.from({ length: rows }, (_, row) =>
    Array.from(inputs.get("input_ids")!.data)
      .slice(row * length, (row + 1) * length)
      .filter((_, at) => mask[row * length + at] === 1),
  );
});

const open = (rows: readonly number[]) =>
  new UncachedDecoding(rows.length, (ids) => {
    const texts = ids.arraySync() as number[][];
    const logits = texts.flatMap((text) => gpt2(text, weight));
    return tensor(Float32Array.from(logits), [rows.length, 1, config.vocab_size]);
  });

const options: GenerateOptions = { most: generation.max_new_tokens, end: generation.eos_token_id };

/** New tokens as the reference stores them: the end, then padding. */
function stored(tokens: readonly number[]): number[] {
  const ended = tokens.length < generation.max_new_tokens ? [...tokens, generation.eos_token_id] : [...tokens];
  return [...ended, ...new Array<number>(generation.max_new_tokens).fill(generation.pad_token_id)].slice(
    0,
    generation.max_new_tokens,
  );
}

test("greedily generates the tokens of the reference", async () => {
  const generated = await generate(open, prompts, options);
  expect(generated.flatMap(({ tokens }) => stored(tokens))).toEqual([...Array.from(expected.get("greedy")!.data)]);
});

test("finds the beams of the reference, with their scores", async () => {
  const beams = { beams: generation.num_beams, lengthPenalty: generation.length_penalty };
  const generated = await generate(open, prompts, { ...options, ...beams });
  expect(generated.flatMap(({ tokens }) => stored(tokens))).toEqual([...Array.from(expected.get("beam3")!.data)]);
  const scores = generated.map(({ score }) => score!);
  expect(scores).toBeAllclose(Array.from(expected.get("beam3_score")!.data), { relative: 1e-4, absolute: 1e-5 });
});
