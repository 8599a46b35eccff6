/**
 * What a part is, in the paper's colours: `frozen` (blue, pretrained), `trained` (purple, new or learning), `both`, or
 * `none` where there are no weights.
 */
export type Tone = "frozen" | "trained" | "both" | "none";

export function toneOf(count: { weights: number; trainable: number } | undefined): Tone {
  if (!count || count.weights === 0) return "none";
  if (count.trainable === 0) return "frozen";
  return count.trainable >= count.weights ? "trained" : "both";
}

export const toneWords: Record<Tone, string> = {
  frozen: "frozen",
  trained: "trained",
  both: "part frozen, part trained",
  none: "no weights",
};
