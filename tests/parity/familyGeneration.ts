import type { Decoding } from "../../src/evaluation/decoding.ts";
import { type Generated, type GenerateOptions, generate } from "../../src/evaluation/generate.ts";
import { relativeError } from "./agreement.ts";
import { type FamilyCase, numbersOf } from "./familyCase.ts";
import { openFamily } from "./familyDecoding.ts";

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

/**
 * Continues a case's prompts on the open device, greedily and by beam search, all in one batch.
 * @param whole uses no KV cache
 */
export async function compareGeneration(read: FamilyCase, whole = false): Promise<Continuations> {
  const { expected, generation } = read;
  const { max_new_tokens: most, num_beams: beams, length_penalty: lengthPenalty } = generation!;
  const { eos_token_id: end, pad_token_id: pad } = generation!;
  const { inputs, open: openRows, dispose } = openFamily(read);
  const { ids, mask } = inputs;
  const open = (rows: readonly number[]) => openRows(rows, whole);
  try {
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
    dispose();
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
