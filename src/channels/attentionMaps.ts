import type { MapsPanel } from "../figures/figure.ts";
import type { AttentionFrame } from "./attention.ts";
import { isRight } from "./samples.ts";
import { attentionScale, isText, type Layer, tokenAttention } from "./tokenAttention.ts";

export interface AttentionOptions {
  /** A fusion layer by its index, or the mean over all of them. */
  layer?: Layer;
  /** At most so many images. */
  images?: number;
  /** Whether the training step is told that the frame was taken at. */
  step?: boolean;
}

/** What each token of the captions attends to: each image, then a heat map for each token that is text. */
export function attentionMaps(frame: AttentionFrame, options: AttentionOptions = {}): MapsPanel {
  const { layer = "mean", images = 4, step = true } = options;
  const count = frame.layers.length;
  const where = layer === "mean" ? `mean over ${count} layers` : `layer ${layer + 1} of ${count}`;
  return {
    kind: "maps",
    title: "Attention of each token",
    about: `${step ? `step ${frame.step}, ` : ""}${where}`,
    grid: frame.grid,
    images: frame.images.slice(0, images).map((image) => {
      const tokens = image.tokens.map((token, index) => ({ token, index })).filter(({ token }) => isText(token));
      const caption = tokens.map(({ token }) => token).join(" ");
      return {
        image: image.image,
        label: image.label,
        right: isRight({ label: image.label, caption }),
        end: attentionScale(image, layer).end,
        maps: tokens.map(({ token, index }) => ({ token, weights: tokenAttention(image, layer, index) })),
      };
    }),
  };
}
