import { z } from "zod";
import { defineChannel, number } from "./channel.ts";

/** A caption of one of the pinned images. */
const sample = z.object({
  /** Index among the pinned images: its file is `pinned-<index>.png` in the run folder. */
  image: z.int(),
  /** What it shows. */
  label: z.string(),
  caption: z.string(),
  /** Mean log-likelihood of the label with this image, in nats per token. */
  logLikelihood: number.exactOptional(),
});

export type Sample = z.output<typeof sample>;

export interface Samples {
  step: number;
  samples: readonly Sample[];
}

/** Captions of the same held-out images, every so many steps. */
export const samples = defineChannel({
  name: "samples",
  title: "Samples",
  summary: "Captions of the same held-out images while the model learns.",
  order: 4,
  value: z.array(sample),
  empty: [] as readonly Samples[],
  fold: (state, value, { step = 0 }) => [...state.filter((each) => each.step < step), { step, samples: value }],
  rewind: (state, step) => state.filter((each) => each.step <= step),
  text: (value, { step }) => value.map(({ label, caption }) => `  step ${step}: ${label} → ${caption}`),
  table: (state) => ({
    columns: ["step", "image", "label", "caption", "log_likelihood"],
    rows: state.flatMap(({ step, samples: all }) =>
      all.map(({ image, label, caption, logLikelihood }) => [step, image, label, caption, logLikelihood ?? ""]),
    ),
  }),
});

/** Whether a caption is the label, apart from case, spaces and a full stop at its end. */
export function isRight({ label, caption }: Pick<Sample, "label" | "caption">): boolean {
  return plain(label) === plain(caption);
}

function plain(text: string): string {
  return text
    .toLowerCase()
    .replace(/[.\s]+$/, "")
    .replace(/\s+/g, " ")
    .trim();
}
