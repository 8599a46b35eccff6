import { z } from "zod";
import { type LineOptions, linesPanel } from "../figures/lines.ts";
import { formatCount, formatNumber } from "../figures/numbers.ts";
import { Series } from "../figures/series.ts";
import { defineChannel, number, type Reading } from "./channel.ts";
import { countOf, deviationOf, type Histogram, histogramOf, quantile } from "./histogram.ts";
import { stepAxis } from "./namedSeries.ts";
import { placeName, shortLayerName } from "./place.ts";

const kinds = ["weights", "gradients", "activations"] as const;

const histogram = z.object({
  low: number,
  high: number,
  counts: z.array(z.int()),
  min: number,
  max: number,
  sum: number,
  squaredSum: number,
  notFinite: z.int(),
}) satisfies z.ZodType<Histogram>;

const spread = z.object({
  of: z.enum(kinds),
  node: z.string(),
  /** Names of the blocks from there to the layer; empty for weights outside of stacked layers. */
  path: z.array(z.string()),
  /** Parameter group of weights and gradients: `new`, `resampler`; absent for activations. */
  group: z.string().exactOptional(),
  histogram,
});

/** How the numbers of one layer are spread at a step. */
export type Spread = z.output<typeof spread>;

type Kind = (typeof kinds)[number];

/** The histograms of one layer's weights, gradients or activations, step by step. */
export interface SpreadSeries {
  of: Kind;
  /** `language.gated_cross_attn_layers.0 (new)`. */
  name: string;
  /** The same where there is little room: `gated 0 (new)`. */
  short: string;
  taken: readonly { step: number; histogram: Histogram }[];
}

/** Most numbers of a tensor that are read for it; of larger ones, every nth. */
export const mostNumbers = 16_384;
/** Steps between two readings, and how many readings a run has at most. */
export const histogramReadings = { every: 50, most: 200 } as const;

/** Percentiles that are drawn: those of a normal distribution at whole standard deviations from its mean. */
const percentiles = [
  { name: "98%", share: 0.9772, width: 1, opacity: 0.45 },
  { name: "84%", share: 0.8413, width: 1.5, opacity: 0.7 },
  { name: "median", share: 0.5, width: 2.25, opacity: 1 },
  { name: "16%", share: 0.1587, width: 1.5, opacity: 0.7 },
  { name: "2%", share: 0.0228, width: 1, opacity: 0.45 },
] as const;
/** Histograms over each other, from the first to the last. */
const mostCurves = 12;

/**
 * How the numbers of each layer are spread: weights before the step, gradients before clipping, activations on the step's batch. Of
 * tensors with more than 16,384 numbers every nth is counted.
 */
export const histograms = defineChannel({
  name: "histograms",
  title: "Histograms",
  summary: "How the weights, the gradients and the activations of each layer are spread, over the steps.",
  order: 10.5,
  value: z.array(spread),
  empty: [] as readonly SpreadSeries[],
  fold: (state, value, { step = 0 }) => value.reduce((all, each) => withSpread(all, each, step), state),
  rewind: (state, step) =>
    state
      .map(({ taken, ...rest }) => ({ ...rest, taken: taken.filter((each) => each.step <= step) }))
      .filter(({ taken }) => taken.length > 0),
  table: (state) => ({
    columns: ["step", "of", "layer", "from", "to", "count", "not_finite"],
    rows: state.flatMap(({ of, name, taken }) =>
      taken.flatMap(({ step, histogram: { low, high, min, max, counts, notFinite } }) =>
        counts.map((count, at) => {
          const edge = (place: number) => low + (place * (high - low)) / counts.length;
          const [from, to] = [at === 0 ? min : edge(at), at === counts.length - 1 ? max : edge(at + 1)];
          return [step, of, name, from, to, count, notFinite];
        }),
      ),
    ),
  }),
  view: z.object({
    of: z.enum(kinds).default("weights").meta({ title: "of", description: "Whose numbers are counted" }),
    curves: z.boolean().default(false).meta({
      title: "curves",
      description: "Histograms over each other, from the first step to the last, in place of percentiles over steps",
    }),
    layer: z
      .int()
      .min(0)
      .max(31)
      .default(0)
      .meta({ title: "layer", description: "Which of the layers, in the model's order, from 0" }),
  }),
  figure: (state, { of, curves, layer }, frame) => {
    const own = state.filter((each) => each.of === of && each.taken.some(({ histogram }) => countOf(histogram) > 0));
    const shown = own[Math.min(layer, own.length - 1)];
    if (!shown) return undefined;
    const taken = shown.taken.filter(({ histogram }) => countOf(histogram) > 0);
    const last = taken.at(-1)!;
    const { min, max } = last.histogram;
    const range = `${formatNumber(min)} to ${formatNumber(max)}`;
    const readout = {
      value: formatNumber(deviationOf(last.histogram)),
      label: `standard deviation of ${formatCount(countOf(last.histogram))} ${of}, ${range}, of ${shown.name}`,
    };
    const value = `${titles[of]}, ${shown.short}`;
    const label = `how the ${of} of ${shown.name} are spread, over steps`;
    if (curves) {
      const some = evenly(taken, mostCurves);
      const panel = linesPanel({
        title: "Histograms",
        lines: some.map((each, at) => curveOf(each, at, some.length)),
        x: { title: value },
        y: { title: "share in a bin" },
        readout,
        legend: [
          {
            label: `step ${formatCount(some[0]!.step)} to ${formatCount(last.step)}`,
            colors: [0, 1, 2, 3].map((at) => ({ layer: at, of: 4 })),
          },
        ],
      });
      return { rows: [[panel]], label };
    }
    const steps = taken.map(({ step }) => step);
    const color = { series: 0 };
    const panel = linesPanel({
      title: "Histograms",
      lines: percentiles.map(({ share, ...line }): LineOptions => {
        const values = taken.map(({ histogram }) => quantile(histogram, share));
        return { ...line, color, points: Series.of(steps, values) };
      }),
      x: stepAxis(frame),
      y: { title: value },
      readout,
      legend: [
        { label: "median", colors: [color], dash: [] },
        { label: "16% and 84%", colors: [color], dash: [], opacity: 0.7 },
        { label: "2% and 98%", colors: [color], dash: [], opacity: 0.45 },
      ],
    });
    return { rows: [[panel]], label };
  },
  probe: {
    ...histogramReadings,
    reads: [
      { block: "GatedXattnDense", of: { output: "text" }, atMost: mostNumbers },
      { block: "CrossDecoderLayer", of: { output: "hidden" }, atMost: mostNumbers },
      { block: "DecoderLayer", of: { output: "hidden" }, atMost: mostNumbers },
      { block: "EncoderLayer", of: { output: "hidden" }, atMost: mostNumbers },
      { block: "PerceiverResampler", of: { output: "media" }, atMost: mostNumbers },
    ],
    value: (readings) => readings.map(activationsOf),
  },
});

const titles: Readonly<Record<Kind, string>> = {
  weights: "weight",
  gradients: "gradient",
  activations: "activation",
};

/** The series with one more histogram of one of them, which may be new. */
function withSpread(state: readonly SpreadSeries[], each: Spread, step: number): readonly SpreadSeries[] {
  const group = each.group === undefined ? "" : ` (${each.group})`;
  const name = `${placeName(each)}${group}`;
  const short = `${shortLayerName(each.path.at(-1) ?? each.node)}${group}`;
  const known = state.find(({ of, name: other }) => of === each.of && other === name);
  const taken = [...(known?.taken.filter((before) => before.step < step) ?? []), { step, histogram: each.histogram }];
  const own: SpreadSeries = { of: each.of, name, short, taken };
  return known ? state.map((other) => (other === known ? own : other)) : [...state, own];
}

function activationsOf({ node, path, data }: Reading): Spread {
  return { of: "activations", node, path: [...path], histogram: histogramOf(data) };
}

/** A histogram as a curve through the middles of its bins, coloured from the first step to the last. */
function curveOf({ step, histogram }: SpreadSeries["taken"][number], at: number, of: number): LineOptions {
  const { low, high, counts } = histogram;
  const all = countOf(histogram);
  const x = counts.map((_, bin) => low + ((bin + 0.5) * (high - low)) / counts.length);
  return {
    name: `step ${formatCount(step)}`,
    points: {
      x,
      y: counts.map((count) => count / all),
    },
    color: { layer: at, of },
    width: at === of - 1 ? 2.25 : 1.25,
  };
}

/** At most so many, evenly among all, the first and the last among them. */
function evenly<T>(all: readonly T[], most: number): T[] {
  const count = Math.min(most, all.length);
  return Array.from({ length: count }, (_, at) => all[Math.round((at * (all.length - 1)) / Math.max(1, count - 1))]!);
}
