import { z } from "zod";
import type { HeatPanel } from "../figures/figure.ts";
import { type LineOptions, linesPanel } from "../figures/lines.ts";
import { formatNumber } from "../figures/numbers.ts";
import { Series } from "../figures/series.ts";
import { defineChannel, number } from "./channel.ts";
import { stepAxis } from "./namedSeries.ts";
import { shortLayerName } from "./place.ts";

/** log p of the tokens of a pinned image's label, in nats, layer by layer. The last layer's are what the model says. */
const imageLens = z.object({
  /** Index among the pinned images. */
  image: z.int(),
  label: z.string(),
  tokens: z.array(z.string()),
  /** The language model's layers, from the first to the last: `gated_cross_attn_layers.0`, `layers.0`. */
  layers: z.array(z.string()),
  /** [layers][tokens], with the image. */
  seen: z.array(z.array(number)),
  /** The same where no token attends to the image. */
  masked: z.array(z.array(number)),
});

export type ImageLens = z.output<typeof imageLens>;

interface Taken {
  step: number;
  images: readonly ImageLens[];
}

/**
 * The logit lens of the pinned images' labels, with each image and with it masked out, and how much the image matters: by how many nats
 * a token is less likely without it.
 */
export const lens = defineChannel({
  name: "lens",
  title: "Lens",
  summary: "How much each pinned image matters for its label, and at which layer the label's tokens become likely.",
  order: 11,
  value: z.array(imageLens),
  empty: [] as readonly Taken[],
  fold: (state, images, { step = 0 }) => [...state.filter((each) => each.step < step), { step, images }],
  rewind: (state, step) => state.filter((each) => each.step <= step),
  table: (state) => ({
    columns: ["step", "image", "label", "token", "layer", "log_likelihood", "log_likelihood_masked"],
    rows: state.flatMap(({ step, images }) =>
      images.flatMap(({ image, label, tokens, layers, seen, masked }) =>
        layers.flatMap((layer, at) =>
          tokens.map((token, index) => [
            ...[step, image, label, token, layer],
            ...[seen[at]?.[index] ?? "", masked[at]?.[index] ?? ""],
          ]),
        ),
      ),
    ),
  }),
  view: z.object({
    what: z.enum(["worth of images", "layers, with image", "layers, masked"]).default("worth of images").meta({
      title: "of",
      description: "What images are worth over steps, or p of a label's tokens after each layer now",
    }),
    image: z
      .int()
      .min(0)
      .max(11)
      .default(0)
      .meta({ title: "image", description: "Which of the pinned images, from 0" }),
  }),
  figure: (state, { what, image }, frame) => {
    const now = state.at(-1)?.images;
    const shown = now?.find((each) => each.image === image) ?? now?.[0];
    if (!now || !shown) return undefined;
    const all = Series.of(
      state.map(({ step }) => step),
      state.map(({ images }) => meanOf(images.map(importanceOf))),
    );
    const lines: LineOptions[] = now.map(({ image: number, label }, at) => {
      const own = state.flatMap(({ step, images }) => {
        const found = images.find((each) => each.image === number);
        return found ? [[step, importanceOf(found)] as const] : [];
      });
      const points = Series.of(
        own.map(([step]) => step),
        own.map(([, value]) => value),
      );
      return {
        name: label || `image ${number}`,
        points,
        color: { layer: at, of: now.length },
        width: 1.25,
        opacity: 0.7,
      };
    });
    const importance = linesPanel({
      title: "What the image is worth",
      lines: [...lines, { name: "mean", points: all, color: { series: 0 }, width: 2.25, derived: true }],
      x: stepAxis(frame),
      y: { title: "gain in log p (nats)" },
      readout: { value: formatNumber(all.last?.y), label: "nats per token, mean over the pinned images" },
      legend: [
        { label: "each image", colors: lines.slice(0, 4).map(({ color }) => color) },
        { label: "mean", colors: [{ series: 0 }] },
      ],
    });
    const heat = (title: string, values: readonly (readonly number[])[]): HeatPanel => ({
      kind: "heat",
      title,
      values: values.map((row) => row.map(Math.exp)),
      rows: shown.layers.map(shortLayerName),
      columns: shown.tokens,
      end: 1,
      signed: false,
    });
    const panels = {
      "worth of images": importance,
      "layers, with image": heat(`p after each layer: ${shown.label}`, shown.seen),
      "layers, masked": heat(`p after each layer, image masked out: ${shown.label}`, shown.masked),
    };
    return {
      rows: [[panels[what]]],
      label: "how much each image matters, and the logit lens with the image and without it",
    };
  },
});

/** Mean over the tokens of log p with the image less log p without it, in nats. */
function importanceOf({ seen, masked }: ImageLens): number {
  const [last, without] = [seen.at(-1) ?? [], masked.at(-1) ?? []];
  return meanOf(last.map((value, at) => value - without[at]!));
}

function meanOf(values: readonly number[]): number {
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : Number.NaN;
}
