import { FlamingoError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";

/** How a token is drawn in place of taking the likeliest. */
export interface Sampling {
  /** Divides the logits: below 1 makes likely tokens likelier, above 1 evens them out. 1 by default. */
  temperature?: number;
  /** Only so many of the likeliest tokens are drawn from; all of them by default. */
  topK?: number;
  /** Of these, only the fewest that together have this probability; 1 by default. */
  topP?: number;
  /** The same seed draws the same tokens. */
  seed: number;
}

/** @throws FlamingoError USAGE, naming the option */
export function checkSampling({ temperature = 1, topK = 1, topP = 1 }: Sampling): void {
  const wrong = (what: string, value: number, expected: string) =>
    new FlamingoError("USAGE", `${what} is ${value}, expected ${expected}`, { actual: value, fix: "leave it out" });
  if (!(temperature > 0 && Number.isFinite(temperature))) throw wrong("temperature", temperature, "a number above 0");
  if (!(Number.isInteger(topK) && topK >= 1)) throw wrong("topK", topK, "a whole number of at least 1");
  if (!(topP > 0 && topP <= 1)) throw wrong("topP", topP, "a probability above 0, at most 1");
}

/**
 * Draws a place of these logits, which stand from the largest down: softmax(logits/temperature), cut to the first ones that
 * together have the probability `topP`.
 *
 * @see Holtzman et al. 2019, The Curious Case of Neural Text Degeneration (top-p, "nucleus"), arXiv:1904.09751
 */
export function draw(logits: Float32Array, { temperature = 1, topP = 1 }: Sampling, random: Random): number {
  const weights = Array.from(logits, (logit) => Math.exp((logit - logits[0]!) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let kept = 0;
  let count = 0;
  while (count < weights.length && (count === 0 || kept < topP * total)) kept += weights[count++]!;
  let left = random.uniform() * kept;
  for (let place = 0; place < count; place++) {
    left -= weights[place]!;
    if (left < 0) return place;
  }
  return count - 1; // rounding
}
