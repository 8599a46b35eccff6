import type { Tensor } from "../../engine/tensor.ts";
import type { PromptTokenizer } from "../prompt.ts";

/** A token and how likely it is to come next. */
export interface NextToken {
  word: string;
  probability: number;
}

/**
 * The likeliest next tokens at some places of the first row of logits [batch, length, tokens], the likeliest first.
 * @param among how many tokens compete, from the first; all of them by default
 */
export async function likeliestNext(
  logits: Tensor,
  places: readonly number[],
  tokenizer: PromptTokenizer,
  { most, among }: { most: number; among?: number },
): Promise<NextToken[][]> {
  const all = await nextProbabilities(logits, places, among);
  return all.map((probabilities) =>
    likeliest(probabilities, most).map((id) => nextToken(probabilities, id, tokenizer)),
  );
}

/** The probability of each token as the next at some places of the first row of logits [batch, length, tokens]. */
export async function nextProbabilities(
  logits: Tensor,
  places: readonly number[],
  among?: number,
): Promise<Float64Array[]> {
  const width = logits.shape.at(-1)!;
  const numbers = (await logits.data()) as Float32Array;
  return places.map((place) => {
    const scores = numbers.subarray(place * width, place * width + (among ?? width));
    const top = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const sum = scores.reduce((total, score) => total + Math.exp(score - top), 0);
    return Float64Array.from(scores, (score) => Math.exp(score - top) / sum);
  });
}

/** Ids of the largest probabilities, the largest first; of equal ones the first. */
export function likeliest(probabilities: Float64Array, most: number): number[] {
  const order = Uint32Array.from(probabilities.keys());
  order.sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
  return Array.from(order.subarray(0, most));
}

export function nextToken(probabilities: Float64Array, id: number, tokenizer: PromptTokenizer): NextToken {
  return { word: tokenizer.word(id), probability: probabilities[id]! };
}
