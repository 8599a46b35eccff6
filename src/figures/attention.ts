import { type AttentionPicture, patchAttention } from "../runs/attentionFrame.ts";

/** A gated layer by its place, or the mean over all of them. */
export type Layer = number | "mean";

/** A word's shares of attention over the patches in a layer, or their mean over all layers. */
export function wordAttention(picture: AttentionPicture, layer: Layer, word: number): number[] {
  if (layer !== "mean") return patchAttention(picture, layer, word);
  const all = picture.cross.map((_cross, index) => patchAttention(picture, index, word));
  const patches = all[0]?.length ?? 0;
  return Array.from({ length: patches }, (_value, patch) => {
    return all.reduce((sum, shares) => sum + shares[patch]!, 0) / all.length;
  });
}

/** Where the colour scale of a picture ends, the same for all its words, and where an even look at all patches is on it. */
export interface AttentionScale {
  end: number;
  even: number;
}

/**
 * The scale reaches to the largest share of any word at any patch, and at least to `contrast` times an even look: while
 * nothing has been learnt, no patch seems to stand out.
 */
export function attentionScale(picture: AttentionPicture, layer: Layer): AttentionScale {
  const shares = picture.words.map((_word, index) => wordAttention(picture, layer, index));
  const even = 1 / Math.max(1, shares[0]?.length ?? 1);
  const largest = shares.reduce((most, values) => Math.max(most, ...values), 0);
  return { end: Math.max(largest, contrast * even), even };
}

const contrast = 3;

/** The word to look at first: the first that has a letter and is no tag such as `<image>`. */
export function firstContentWord(words: readonly string[]): number {
  return Math.max(
    0,
    words.findIndex((word) => /\p{L}/u.test(word) && !/^<.*>$/.test(word)),
  );
}
