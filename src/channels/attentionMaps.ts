import type { MapsPanel } from "../figures/figure.ts";
import type { AttentionFrame } from "./attention.ts";
import { isRight } from "./samples.ts";
import { type AttentionView, attentionScale, headCount, isText, tokenAttention, wholeView } from "./tokenAttention.ts";

export interface AttentionOptions extends Partial<AttentionView> {
  /** Only the tokens that read so; all that are text without it. */
  token?: string;
  /** At most so many images. */
  images?: number;
  /** Whether the figure names the training step of the frame. */
  step?: boolean;
}

/** What each token of the captions attends to: each image, then a heat map for each token that is text. */
export function attentionMaps(frame: AttentionFrame, options: AttentionOptions = {}): MapsPanel {
  const { images = 4, step = true, token: wanted, ...chosen } = options;
  const view = { ...wholeView, ...chosen };
  const where = [
    which("layer", view.layer, frame.layers.length),
    ...(view.head === "mean" ? [] : [which("head", view.head, headCount(frame))]),
    ...(view.gated ? ["times |tanh(gate)|"] : []),
    ...(view.through === "product" ? ["plain product"] : []),
  ].join(", ");
  return {
    kind: "maps",
    title: "Attention of each token",
    about: `${step ? `step ${frame.step}, ` : ""}${where}`,
    grid: frame.grid,
    images: frame.images.slice(0, images).map((image) => {
      const tokens = image.tokens.map((token, index) => ({ token, index })).filter(({ token }) => isText(token));
      const shown = tokens.filter(({ token }) => wanted === undefined || token === wanted);
      const caption = tokens.map(({ token }) => token).join(" ");
      return {
        image: image.image,
        label: image.label,
        right: isRight({ label: image.label, caption }),
        end: attentionScale(frame.layers, image, view).end,
        maps: shown.map(({ token, index }) => ({ token, weights: tokenAttention(frame.layers, image, view, index) })),
      };
    }),
  };
}

function which(what: string, chosen: number | "mean", count: number): string {
  return chosen === "mean" ? `mean over ${count} ${what}s` : `${what} ${chosen + 1} of ${count}`;
}
