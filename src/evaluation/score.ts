/** The log-likelihood of a text: the sum over its tokens, in nats, and how many they are. */
export interface TextScore {
  sum: number;
  count: number;
}

/** Nats per token. */
export function meanScore({ sum, count }: TextScore): number {
  return sum / Math.max(1, count);
}

/** Index of the largest score; −1 where there is none. */
export function likeliest(scores: readonly number[]): number {
  return scores.indexOf(Math.max(...scores));
}

/**
 * Log-likelihoods of chosen tokens.
 *
 * log softmax(logits[r, t])[target[r, t]], in nats. Shapes: `logits` [rows, length, tokens], `targets` [rows, length]
 * with -100 where nothing is scored.
 *
 * @param tokens only so many tokens compete; the language model alone knows no new tokens
 * @returns per row the sum over its scored tokens, and how many there were
 */
export function scoreTokens(
  logits: Float32Array,
  shape: readonly [rows: number, length: number, tokens: number],
  targets: Int32Array,
  tokens = shape[2],
): { sums: number[]; counts: number[] } {
  const [rows, length, width] = shape;
  const sums = new Array<number>(rows).fill(0);
  const counts = new Array<number>(rows).fill(0);
  for (let row = 0; row < rows; row++) {
    for (let at = 0; at < length; at++) {
      const target = targets[row * length + at]!;
      if (target < 0) continue;
      sums[row]! += logProbability(logits, (row * length + at) * width, target, tokens);
      counts[row]!++;
    }
  }
  return { sums, counts };
}

/** log softmax(logits)[token] over `tokens` logits from `start` on, in nats. */
export function logProbability(logits: Float32Array, start: number, token: number, tokens: number): number {
  return logits[start + token]! - logSumExp(logits, start, tokens);
}

function logSumExp(values: Float32Array, start: number, count: number): number {
  let most = -Infinity;
  for (let at = start; at < start + count; at++) if (values[at]! > most) most = values[at]!;
  let sum = 0;
  for (let at = start; at < start + count; at++) sum += Math.exp(values[at]! - most);
  return most + Math.log(sum);
}
