import type { AttentionFrame, AttentionImage } from "./attention.ts";

/** A fusion layer by its index, or the mean over all of them. */
export type Layer = number | "mean";

/** An attention head by its index, or the mean over all of them. */
export type Head = number | "mean";

/** What of a frame's attention is looked at. */
export interface AttentionView {
  layer: Layer;
  head: Head;
  /** Whether each layer's attention is multiplied by its |tanh(gate)|: how much of it enters the text. */
  gated: boolean;
  /** How latents stand for patches: by attention rollout, or by the plain product of the resampler's attention. */
  through: "rollout" | "product";
  /** A frame of a video by its index, or the sum over all of them; of an image there is one. */
  time: number | "all";
}

export const wholeView: AttentionView = { layer: "mean", head: "mean", gated: false, through: "rollout", time: "all" };

type Layers = AttentionFrame["layers"];

/**
 * A token's attention over the patches in a layer, `cross[layer][token] · resampler`, or its mean over all layers; of one head
 * or the mean over all; as it is, or times |tanh(gate)| of its layer; in one frame of a video, or summed over its frames.
 */
export function tokenAttention(
  layers: Layers,
  { cross, heads, resampler: rollout, product, frames = 1 }: AttentionImage,
  { layer, head, gated, through, time }: AttentionView,
  token: number,
): number[] {
  const resampler = (through === "product" ? product : undefined) ?? rollout;
  const chosen = layer === "mean" ? [...cross.keys()] : [layer];
  const patches = (resampler[0]?.length ?? 0) / frames;
  const result = new Array<number>(patches).fill(0);
  for (const at of chosen) {
    const tokens = (head === "mean" ? undefined : heads?.[at]?.[head]) ?? cross[at];
    const gate = gated ? Math.abs(layers[at]?.gate ?? 1) : 1;
    tokens?.[token]?.forEach((weight, latent) => {
      resampler[latent]?.forEach((part, at) => {
        if (time === "all" || Math.floor(at / patches) === time)
          result[at % patches]! += (gate * weight * part) / chosen.length;
      });
    });
  }
  return result;
}

/** How many heads each layer has; 0 where only their mean is known. */
export function headCount({ images }: Pick<AttentionFrame, "images">): number {
  return images[0]?.heads?.[0]?.length ?? 0;
}

/**
 * How much a head chooses among the latents, from 0 (it attends to all alike) to 1 (to a single one): 1 − H / ln(latents), with the
 * entropy H of its attention, as the mean over the text tokens of all images. NaN where only the mean over heads is known.
 */
export function headFocus({ images }: Pick<AttentionFrame, "images">, layer: number, head: number): number {
  const rows = images.flatMap(({ tokens, heads }) =>
    (heads?.[layer]?.[head] ?? []).filter((_, token) => isText(tokens[token] ?? "")),
  );
  const focus = rows.map((row) => {
    const entropy = row.reduce((sum, weight) => (weight > 0 ? sum - weight * Math.log(weight) : sum), 0);
    return row.length > 1 ? 1 - entropy / Math.log(row.length) : 1;
  });
  return focus.reduce((sum, value) => sum + value, 0) / focus.length;
}

/** Where the colour scale of an image ends, the same for all its tokens, and where even attention to all patches is on it. */
export interface AttentionScale {
  end: number;
  even: number;
}

/**
 * The scale ends at the largest attention of any token to any patch. Attention times the gate has the scale of the attention, so
 * that a gate that is closed is dark.
 */
export function attentionScale(layers: Layers, image: AttentionImage, view: AttentionView): AttentionScale {
  const ungated = { ...view, gated: false };
  const all = image.tokens.map((_token, index) => tokenAttention(layers, image, ungated, index));
  const even = 1 / Math.max(1, all[0]?.length ?? 1);
  const largest = all.reduce((most, values) => Math.max(most, ...values), 0);
  return { end: largest > 0 ? largest : even, even };
}

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
