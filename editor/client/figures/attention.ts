import { type AttentionPicture, patchAttention } from "../../../src/runs/attentionFrame.ts";

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

/** The largest share of any word at any patch: the end of the colour scale, the same for all words of a picture. */
export function largestShare(picture: AttentionPicture, layer: Layer): number {
  return picture.words.reduce((most, _word, index) => Math.max(most, ...wordAttention(picture, layer, index)), 0);
}
