import type { AttentionImage } from "./attention.ts";

/** A fusion layer by its index, or the mean over all of them. */
export type Layer = number | "mean";

/** A token's attention over the patches in a layer, `cross[layer][token] · resampler`, or its mean over all layers. */
export function tokenAttention({ cross, resampler }: AttentionImage, layer: Layer, token: number): number[] {
  const layers = layer === "mean" ? cross : cross.slice(layer, layer + 1);
  const result = new Array<number>(resampler[0]?.length ?? 0).fill(0);
  for (const tokens of layers) {
    tokens[token]?.forEach((weight, latent) => {
      resampler[latent]?.forEach((part, patch) => {
        result[patch]! += (weight * part) / layers.length;
      });
    });
  }
  return result;
}

/** Where the colour scale of an image ends, the same for all its tokens, and where even attention to all patches is on it. */
export interface AttentionScale {
  end: number;
  even: number;
}

/**
 * The scale reaches to the largest attention of any token to any patch, and at least to `contrast` times even attention:
 * while nothing has been learnt, no patch stands out.
 */
export function attentionScale(image: AttentionImage, layer: Layer): AttentionScale {
  const all = image.tokens.map((_token, index) => tokenAttention(image, layer, index));
  const even = 1 / Math.max(1, all[0]?.length ?? 1);
  const largest = all.reduce((most, values) => Math.max(most, ...values), 0);
  return { end: Math.max(largest, contrast * even), even };
}

const contrast = 3;

/** Whether a token is text, and no tag such as `<image>`. */
export function isText(token: string): boolean {
  return !/^<.*>$/.test(token);
}

/** The token to show first: the first that has a letter and is no tag. */
export function firstContentToken(tokens: readonly string[]): number {
  return Math.max(
    0,
    tokens.findIndex((token) => /\p{L}/u.test(token) && isText(token)),
  );
}
