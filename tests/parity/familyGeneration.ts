import { instantiate } from "../../src/core/instantiate.ts";
import type { Reading } from "../../src/core/reading.ts";
import { findBlock } from "../../src/core/registry.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import { dispose, gather, keep, type Tensor, tensor, tidy } from "../../src/engine/tensor.ts";
import { type Decoding, openDecoding } from "../../src/evaluation/decoding.ts";
import { type Generated, type GenerateOptions, generate } from "../../src/evaluation/generate.ts";
import { relativeError } from "./agreement.ts";
import { type FamilyCase, numbersOf } from "./familyCase.ts";
import { familyPorts } from "./familyPorts.ts";

/** How continuations differ from the library's. */
export interface Continuations {
  /** Steps of all rows, and those at which another token was generated. */
  tokens: number;
  wrong: number;
  /** Relative error of the logits for the first new token. */
  logits: number;
  /** Relative error of the beams' scores. */
  scores: number;
}

type Run = (inputs: Record<string, Tensor | undefined>) => Tensor;

/**
 * Continues a case's prompts on the open device, greedily and by beam search, all in one batch.
 * @param whole uses no KV cache
 */
export async function compareGeneration(read: FamilyCase, whole = false): Promise<Continuations> {
  const { model, expected, generation } = read;
  const { max_new_tokens: most, num_beams: beams, length_penalty: lengthPenalty } = generation!;
  const { eos_token_id: end, pad_token_id: pad } = generation!;
  const block = findBlock(model.block.type)!;
  const weights = new Weights(0);
  const { ids, mask, ...others } = familyPorts[block.name]!.inputs(read.inputs);
  const make = (reading: Reading) => instantiate(block, model.block.config ?? {}, reading) as unknown as Run;
  /** Row r continues prompt `rows[r]`, with its images. */
  const open = (rows: readonly number[]): Decoding => {
    const chosen = Object.entries(others).map(([port, value]) => [port, rowsOf(value, rows)] as const);
    const decoding = openDecoding(
      rows.length,
      weights,
      (readingOf) => {
        const run = make(readingOf());
        return (ids, mask) => run({ ...Object.fromEntries(chosen), ids, mask });
      },
      whole,
    );
    return {
      get uncachedBecause() {
        return decoding.uncachedBecause;
      },
      read: (ids, mask) => decoding.read(ids, mask),
      select: (rows) => decoding.select(rows),
      dispose: () => {
        decoding.dispose();
        dispose(chosen.map(([, value]) => value));
      },
    };
  };
  try {
    make({ weight: (spec) => weights.create(spec).variable, call: () => ({}) });
    weights.load(read.weights, "", "the case");
    const [tokens, real] = (await Promise.all([ids!.data(), mask!.data()])) as [Int32Array, Int32Array];
    const prompts = promptsOf(tokens, real, ids!.shape[1]!);
    const options: GenerateOptions = { most, end, pad };
    const greedy = await generate(open, prompts, options);
    const found = await generate(open, prompts, { ...options, beams, lengthPenalty });
    const logits = await firstLogits(open, tokens, real, prompts.length, whole);
    const name = [...expected.keys()].find((each) => /^beam\d+$/.test(each))!;
    const actual = [...greedy, ...found].flatMap(({ tokens }: Generated) => filled(tokens, most, end, pad));
    const wanted = [expected.get("greedy")!, expected.get(name)!].flatMap((each) => Array.from(numbersOf(each).data));
    return {
      tokens: wanted.length,
      wrong: wanted.filter((token, at) => token !== actual[at]).length,
      logits: relativeError(logits, numbersOf(expected.get("greedy_first_logits")!).data),
      scores: relativeError(
        found.map(({ score }) => score!),
        numbersOf(expected.get(`${name}_score`)!).data,
      ),
    };
  } finally {
    dispose([ids!, mask!, ...Object.values(others)]);
    weights.dispose();
  }
}

async function firstLogits(
  open: (rows: readonly number[]) => Decoding,
  tokens: Int32Array,
  real: Int32Array,
  rows: number,
  whole: boolean,
): Promise<Float32Array> {
  const decoding = open(Array.from({ length: rows }, (_, row) => row));
  const logits = decoding.read(tokens, real);
  const numbers = (await logits.data()) as Float32Array;
  logits.dispose();
  if (!whole && decoding.uncachedBecause) throw new Error(`there is no KV cache: ${decoding.uncachedBecause}`);
  decoding.dispose();
  return numbers;
}

function rowsOf(value: Tensor, rows: readonly number[]): Tensor {
  return tidy(() => keep(gather(value, tensor(Int32Array.from(rows), [rows.length], "int32"))));
}

/** Each row without its padding. */
function promptsOf(tokens: Int32Array, real: Int32Array, length: number): number[][] {
  return Array.from({ length: tokens.length / length }, (_, row) =>
    Array.from(tokens.subarray(row * length, (row + 1) * length)).filter((_, at) => real[row * length + at] === 1),
  );
}

/** New tokens as the library stores them: the end, then padding. */
function filled(tokens: readonly number[], most: number, end: number, pad: number): number[] {
  const all = [...tokens, ...(tokens.length < most ? [end] : [])];
  return [...all, ...new Array<number>(most).fill(pad)].slice(0, most);
}
