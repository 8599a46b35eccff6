import { z } from "zod";
import { roundUp } from "../figures/axis.ts";
import type { Color } from "../figures/colors.ts";
import type { BarsPanel, Figure, HeatPanel } from "../figures/figure.ts";
import { linesPanel } from "../figures/lines.ts";
import { formatNumber } from "../figures/numbers.ts";
import { Series } from "../figures/series.ts";
import { defineChannel, type Frame, number } from "./channel.ts";
import { joinSeries, stepAxis } from "./namedSeries.ts";
import { placeName } from "./place.ts";

/** A tanh gate and its place in the model's graph. */
const gate = z.object({
  /** Node of the pipeline that it is in. */
  node: z.string(),
  /** Names of the blocks from there to it: `["gated_cross_attn_layers.0", "attn_gate"]`. */
  path: z.array(z.string()),
  /** Which of the layers that have gates it belongs to, from 0. */
  layer: z.int(),
  /** What it gates, as the block is titled: `Masked cross-attention`, `Feed-forward`. */
  update: z.string(),
});

export type Gate = z.output<typeof gate>;

export interface GatesState {
  gates: readonly Gate[];
  /** tanh of each gate, in the order of `gates`. */
  series: readonly Series[];
}

const view = z.object({
  map: z.boolean().default(false).meta({
    title: "heat map",
    description: "A row for each gate, a column for each of up to 60 steps",
  }),
  absolute: z.boolean().default(true).meta({
    title: "without sign",
    description: "The sign of a gate has no meaning: it is open when it is away from 0",
  }),
});

/** How far each tanh gate is open, after each step. Which gates there are is recorded once, before the first values. */
export const gates = defineChannel({
  name: "gates",
  title: "Gates",
  summary: "tanh of every gate: how far each layer lets the images in.",
  order: 2,
  value: z.union([z.array(number), z.object({ gates: z.array(gate) })]),
  empty: { gates: [], series: [] } as GatesState,
  fold: (state, value, { step = 0 }) => {
    if (!Array.isArray(value))
      return { gates: value.gates, series: value.gates.map((_, at) => state.series[at] ?? Series.empty) };
    const series = state.series.map((each, at) => (at in value ? each.append(step, value[at]!) : each));
    return { ...state, series };
  },
  rewind: (state, step) => ({ ...state, series: state.series.map((series) => series.before(step + 1)) }),
  status: ({ series }) => {
    const open = series.flatMap(({ last }) => (last ? [Math.abs(last.y)] : []));
    if (open.length === 0) return undefined;
    const mean = open.reduce((sum, value) => sum + value, 0) / open.length;
    return `gates ${mean.toFixed(3)} (up to ${Math.max(...open).toFixed(3)})`;
  },
  table: (state) =>
    joinSeries(Object.fromEntries(state.gates.map((each, at) => [weightName(each), state.series[at]!]))),
  view,
  figure: (state, chosen, frame) => (state.gates.length > 0 ? gatesFigure(state, chosen, frame) : undefined),
  card: (state, { id }) => {
    const own = state.gates.flatMap((each, at) => (each.node === id ? [at] : []));
    if (own.length === 0) return undefined;
    const panel = gateBars(state, own);
    const value = `up to ${formatNumber(Math.max(0, ...panel.bars.map((bar) => bar.value)))}`;
    const hint = "|tanh| of each gate, first layer left; filled: the first kind of gate";
    return { caption: "gates |tanh|", value, panel, hint };
  },
  overview: true,
});

/** The name of the gate's weight, as in a checkpoint. */
export function weightName({ node, path }: Pick<Gate, "node" | "path">): string {
  return placeName({ node, path });
}

/** `layer 2, feed-forward`. */
export function gateLabel({ layer, update }: Gate): string {
  return `layer ${layer + 1}, ${update.toLowerCase()}`;
}

/** The first kind of gate has lines that are drawn through, the others have broken ones. */
const dashes: readonly (readonly number[])[] = [[], [5, 3], [1, 3], [8, 3, 1, 3]];

function gatesFigure(state: GatesState, chosen: z.output<typeof view>, frame: Frame): Figure {
  if (chosen.map) return { rows: [[gatesMap(state, chosen)]], label: "tanh of every gate by layers and steps" };
  const { gates: all, series } = state;
  const { absolute } = chosen;
  const layers = layerCount(all);
  const kinds = kindsOf(all);
  const colorOf = (layer: number): Color => ({ layer, of: layers });
  const dashOf = (update: string) => dashes[kinds.indexOf(update) % dashes.length]!;
  const values = series.map((each) => (absolute ? each.map(Math.abs) : each));
  const peak = values.reduce(
    (most, each) => each.columns.y.reduce((max, value) => larger(max, Math.abs(value)), most),
    0.02,
  );
  const largest = values.reduce((most, { last }) => larger(most, Math.abs(last?.y ?? 0)), 0);
  const first = all[values.findIndex(({ last }) => Math.abs(last?.y ?? 0) === largest)];
  const panel = linesPanel({
    title: "Gates",
    lines: all.map((each, at) => {
      const dash = dashOf(each.update);
      const width = dash.length === 0 ? 2.25 : 1.5;
      return { name: gateLabel(each), points: values[at]!, color: colorOf(each.layer), width, dash };
    }),
    x: stepAxis(frame),
    y: { title: absolute ? "|tanh(α)|" : "tanh(α)", range: [absolute ? 0 : -roundUp(peak), roundUp(peak)] },
    readout: {
      value: formatNumber(largest),
      label: largest > 0 && first ? `largest, ${gateLabel(first)}` : "all gates closed",
    },
    legend: [
      { label: layers === 1 ? "layer 1" : `layer 1 to ${layers}`, colors: someLayers(layers).map(colorOf) },
      ...kinds.map((kind) => ({ label: kind.toLowerCase(), colors: [], dash: dashOf(kind) })),
    ],
  });
  return { rows: [[panel]], label: "tanh of every gate over steps" };
}

/** Steps that a heat map has columns for. */
const mostColumns = 60;

/** tanh of every gate, gates by steps: the first kind of gate of all layers, then the next kind. */
function gatesMap({ gates: all, series }: GatesState, { absolute }: z.output<typeof view>): HeatPanel {
  const kinds = kindsOf(all);
  const order = all.map((_, at) => at).sort((a, b) => kinds.indexOf(all[a]!.update) - kinds.indexOf(all[b]!.update));
  const length = Math.min(...series.map((each) => each.length));
  const columns = Math.min(mostColumns, length);
  const places = Array.from({ length: columns }, (_, at) => Math.round(((at + 1) * length) / columns) - 1);
  const values = order.map((at) => {
    return places.map((place) => (absolute ? Math.abs(series[at]!.y(place)) : series[at]!.y(place)));
  });
  const most = values.flat().reduce((max, value) => larger(max, Math.abs(value)), 0.02);
  return {
    kind: "heat",
    title: absolute ? "|tanh(α)| of every gate" : "tanh(α) of every gate",
    values,
    rows: order.map((at) => gateLabel(all[at]!)),
    columns: places.map((place) => `step ${series[0]!.x(place)}`),
    end: roundUp(most),
    signed: !absolute,
  };
}

/** |tanh| of some gates now, the first layer first: filled for the first kind of gate, else an outline. */
function gateBars({ gates: all, series }: GatesState, chosen: readonly number[]): BarsPanel {
  const [layers, kinds] = [layerCount(all), kindsOf(all)];
  const bars = chosen.map((at) => {
    const { layer, update } = all[at]!;
    const value = Math.abs(series[at]!.last?.y ?? 0);
    return { name: gateLabel(all[at]!), value, color: { layer, of: layers }, outline: update !== kinds[0] };
  });
  const end = Math.max(0.1, roundUp(bars.reduce((most, { value }) => larger(most, value), 0)));
  return { kind: "bars", title: "|tanh(α)| of each gate", bars, end };
}

function larger(most: number, value: number): number {
  return Number.isFinite(value) ? Math.max(most, value) : most;
}

function layerCount(all: readonly Gate[]): number {
  return Math.max(0, ...all.map(({ layer }) => layer)) + 1;
}

function kindsOf(all: readonly Gate[]): string[] {
  return [...new Set(all.map(({ update }) => update))];
}

/** At most eight layers, the first and the last among them. */
function someLayers(layers: number): number[] {
  const count = Math.min(8, layers);
  return Array.from({ length: count }, (_, index) => Math.round((index * (layers - 1)) / Math.max(1, count - 1)));
}
