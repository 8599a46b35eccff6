import { z } from "zod";
import { roundDown, roundUp } from "../figures/axis.ts";
import type { Figure } from "../figures/figure.ts";
import { type LineOptions, linesPanel } from "../figures/lines.ts";
import { formatNumber } from "../figures/numbers.ts";
import { Series } from "../figures/series.ts";
import { smooth } from "../figures/smooth.ts";
import { defineChannel, type Frame, number } from "./channel.ts";
import { appendNamed, joinSeries, type NamedSeries, rewindNamed, stepAxis } from "./namedSeries.ts";

export interface LossState {
  total: Series;
  /** By dataset, where there are several. */
  datasets: NamedSeries;
}

const view = z.object({
  smoothing: z.number().min(0).max(0.995).default(0.95).meta({
    title: "smoothing",
    description: "How much of the past the moving average keeps",
    step: 0.005,
  }),
  log: z.boolean().default(false).meta({ title: "log axis" }),
});

/** The loss of each step, before the step is made. */
export const loss = defineChannel({
  name: "loss",
  title: "Loss",
  summary: "The training loss of every step, and its moving average.",
  order: 1,
  value: z.object({
    /** Nats per token. */
    total: number,
    /** By dataset, unweighted, where there are several. */
    datasets: z.record(z.string(), number).exactOptional(),
  }),
  empty: { total: Series.empty, datasets: {} } as LossState,
  fold: ({ total, datasets }, value, { step = 0 }) => ({
    total: total.append(step, value.total),
    datasets: value.datasets ? appendNamed(datasets, step, value.datasets) : datasets,
  }),
  rewind: ({ total, datasets }, step) => ({
    total: total.before(step + 1),
    datasets: Object.fromEntries(Object.entries(rewindNamed(datasets, step)).filter(([, each]) => each.length > 0)),
  }),
  status: ({ total }) => {
    const mean = recentMean(total);
    return mean === undefined ? undefined : `loss ${mean.toFixed(3)}`;
  },
  table: ({ total, datasets }) => joinSeries({ loss: total, ...datasets }),
  view,
  figure: (state, chosen, frame) => (state.total.length > 0 ? lossFigure(state, chosen, frame) : undefined),
  card: (state, { category }, frame) => {
    if (category !== "Loss") return undefined;
    const smoothed = smooth(state.total, view.parse({}).smoothing);
    const panel = lossFigure(state, view.parse({}), frame).rows[0]![0]!;
    const now = smoothed.last?.y;
    const value = now === undefined ? "no run yet" : `${formatNumber(now)} nats`;
    const hint = `Moving average of the loss, now ${formatNumber(now)} nats per token; each step's own loss is the thin line`;
    return { caption: "loss, smoothed", value, panel, hint };
  },
  overview: true,
});

/** Each step faint, and the moving average over it. */
function lossFigure({ total, datasets }: LossState, { smoothing, log }: z.output<typeof view>, frame: Frame): Figure {
  const smoothed = smooth(total, smoothing);
  const parts = Object.entries(datasets).map(([name, series], index): LineOptions => {
    return { name, points: smooth(series, smoothing), color: { series: index + 1 }, width: 1.5 };
  });
  const color = { series: 0 };
  const panel = linesPanel({
    title: "Loss",
    lines: [
      { name: "each step", points: total, color, width: 1, opacity: 0.5 },
      ...parts,
      { name: `moving average (${smoothing})`, points: smoothed, color, width: 2.25, derived: true },
    ],
    x: stepAxis(frame),
    y: { title: "loss (nats per token)", range: lossRange(total, smoothed, log), log },
    ...(smoothed.last ? { readout: { value: formatNumber(smoothed.last.y), label: "nats/token, smoothed" } } : {}),
    legend: [
      { label: "each step", colors: [color], dash: [], opacity: 0.5 },
      ...parts.map(({ name, color: own }) => ({ label: name, colors: [own], dash: [] })),
      { label: `moving average (${smoothing})`, colors: [color], dash: [] },
    ],
  });
  return { rows: [[panel]], label: "loss over steps" };
}

/** Part of the steps at the beginning whose loss need not be in view: it falls so far that the rest would be a flat line. */
const beginning = 0.04;

/**
 * From 0 to the largest loss after the beginning, and at least to the moving average then; a logarithmic axis shows all. A note
 * says which losses are above.
 */
function lossRange(total: Series, smoothed: Series, log: boolean): [number, number] {
  const { y } = total.columns;
  const from = Math.floor(y.length * beginning);
  let [all, seen, least] = [0.1, 0.1, Number.POSITIVE_INFINITY];
  y.forEach((value, at) => {
    if (!Number.isFinite(value)) return;
    all = Math.max(all, value);
    if (at >= from) seen = Math.max(seen, value);
    if (value > 0) least = Math.min(least, value);
  });
  if (log) return [roundDown(Math.min(least, all)), roundUp(all)];
  const average = smoothed.length > from && Number.isFinite(smoothed.y(from)) ? smoothed.y(from) : 0;
  return [0, roundUp(Math.min(all, Math.max(seen, average)))];
}

/** Steps over which a mean is taken for a line of progress: one step's loss says little. */
const recent = 20;

function recentMean(series: Series): number | undefined {
  const values = Array.from({ length: Math.min(recent, series.length) }, (_, at) => series.y(series.length - 1 - at));
  const finite = values.filter(Number.isFinite);
  return finite.length > 0 ? finite.reduce((sum, value) => sum + value, 0) / finite.length : undefined;
}
