import { z } from "zod";
import type { Color } from "../figures/colors.ts";
import { type LineOptions, linesPanel } from "../figures/lines.ts";
import { formatShare } from "../figures/numbers.ts";
import { Series } from "../figures/series.ts";
import { defineChannel, number, type Reading } from "./channel.ts";
import { joinSeries, stepAxis } from "./namedSeries.ts";
import { placeAround, placeName } from "./place.ts";

/** Norms of the residual stream where a new layer adds to it, each the root of the mean of ‖·‖² over tokens. */
const addition = z.object({
  node: z.string(),
  /** Names of the blocks from there to the one that adds: `["gated_cross_attn_layers.0", "attn_gate"]`. */
  path: z.array(z.string()),
  /** Type of the block that makes the update: `MaskedCrossAttention`. */
  update: z.string(),
  before: number,
  /** What is added: the update behind its gate. */
  added: number,
  after: number,
});

export type Addition = z.output<typeof addition>;

/** What a layer adds to the stream, over the steps. */
interface AdditionSeries extends Pick<Addition, "node" | "path" | "update"> {
  before: Series;
  added: Series;
  after: Series;
}

const kinds: Readonly<Record<string, string>> = {
  MaskedCrossAttention: "cross-attention",
  FeedForward: "feed-forward",
};

/**
 * How much of the residual stream comes from the images: ‖added‖ / (‖before‖ + ‖added‖) wherever a gated layer adds an update, read on
 * the training batch. 0 behind a closed gate, ½ where the layer adds as much as there is.
 */
export const stream = defineChannel({
  name: "stream",
  title: "Stream",
  summary: "How much of the residual stream each gated layer adds, and the stream's norm before and after it.",
  order: 8,
  value: z.array(addition),
  empty: [] as readonly AdditionSeries[],
  fold: (state, value, { step = 0 }) => value.reduce((places, each) => withAddition(places, each, step), state),
  rewind: (state, step) =>
    state
      .map(({ before, added, after, ...place }) => {
        const cut = (series: Series) => series.before(step + 1);
        return { ...place, before: cut(before), added: cut(added), after: cut(after) };
      })
      .filter(({ before }) => before.length > 0),
  table: (state) =>
    joinSeries(
      Object.fromEntries(
        state.flatMap((place) =>
          (["before", "added", "after"] as const).map((what) => [`${placeName(place)} ${what}`, place[what]]),
        ),
      ),
    ),
  view: z.object({
    what: z.enum(["share", "norm"]).default("share").meta({
      title: "of",
      description: "The share of the stream that each layer adds, or the stream's norm after it",
    }),
  }),
  figure: (state, { what }, frame) => {
    if (state.length === 0) return undefined;
    const layers = [...new Set(state.map(layerOf))];
    const line = (place: AdditionSeries, points: Series): LineOptions => {
      const isAttention = place.update === "MaskedCrossAttention";
      const color = { layer: layers.indexOf(layerOf(place)), of: layers.length };
      return {
        name: labelOf(place, layers),
        points,
        color,
        width: isAttention ? 2.25 : 1.5,
        dash: isAttention ? [] : [5, 3],
      };
    };
    const shares = state.map(shareOf);
    const most = Math.max(0, ...shares.map(({ last }) => (Number.isFinite(last?.y) ? last!.y : 0)));
    const ever = shares.reduce(
      (largest, { columns }) => columns.y.reduce((max, y) => (Number.isFinite(y) ? Math.max(max, y) : max), largest),
      0.1,
    );
    const first = state[shares.findIndex(({ last }) => last?.y === most)];
    const x = stepAxis(frame);
    const legend = [
      { label: layers.length === 1 ? "layer 1" : `layer 1 to ${layers.length}`, colors: someLayers(layers.length) },
      { label: "cross-attention", colors: [], dash: [] },
      { label: "feed-forward", colors: [], dash: [5, 3] },
    ];
    const norms = linesPanel({
      title: "Stream",
      lines: state.map((place) => line(place, place.after)),
      x,
      y: { title: "norm of a hidden state" },
      legend,
    });
    const share = linesPanel({
      title: "Stream",
      lines: state.map((place, at) => line(place, shares[at]!)),
      x,
      y: { title: "share of the stream", range: [0, Math.min(1, Math.ceil(ever * 10 + 1e-9) / 10)] },
      readout: {
        value: formatShare(most),
        label: first && most > 0 ? `most, ${labelOf(first, layers)}` : "nothing is added: all gates are closed",
      },
      legend,
    });
    return {
      rows: [[what === "share" ? share : norms]],
      label: "how much of the residual stream each gated layer adds, over steps",
    };
  },
  probe: {
    every: 50,
    reads: (["TanhGate", "Ungated"] as const).flatMap((block) => [
      { block, of: { input: "x" } },
      { block, of: { output: "y" } },
    ]),
    value: additionsOf,
  },
});

/** The places with one more value of one of them, which may be new. */
function withAddition(state: readonly AdditionSeries[], value: Addition, step: number): readonly AdditionSeries[] {
  const { node, path, update } = value;
  const known = state.find((each) => placeName(each) === placeName(value));
  const next = (what: "before" | "added" | "after") => (known?.[what] ?? Series.empty).append(step, value[what]);
  const place = { node, path, update, before: next("before"), added: next("added"), after: next("after") };
  return known ? state.map((each) => (each === known ? place : each)) : [...state, place];
}

/** Colours of at most four layers, the first and the last among them. */
function someLayers(layers: number): Color[] {
  const count = Math.min(4, layers);
  return Array.from({ length: count }, (_, index) => ({
    layer: Math.round((index * (layers - 1)) / Math.max(1, count - 1)),
    of: layers,
  }));
}

/** Pairs what goes into each gate with what comes out of it, in the order in which they were computed. */
function additionsOf(readings: readonly Reading[]): Addition[] {
  const before = readings.filter(({ read }) => "input" in read.of);
  return before.map(({ node, path, inputs, shape, data }) => {
    const { data: after } = readings.find(
      (each) => placeName(each) === placeName({ node, path }) && "output" in each.read.of,
    )!;
    const tokens = data.length / shape.at(-1)!;
    const norm = (value: (at: number) => number) => {
      let sum = 0;
      for (let at = 0; at < data.length; at++) sum += value(at) ** 2;
      return Math.sqrt(sum / tokens);
    };
    return {
      ...{ node, path: [...path], update: inputs.update ?? "" },
      before: norm((at) => data[at]!),
      added: norm((at) => after[at]! - data[at]!),
      after: norm((at) => after[at]!),
    };
  });
}

/** The share of the stream that a layer adds, over the steps. */
function shareOf({ before, added }: AdditionSeries): Series {
  return added.map((value, at) => (value === 0 ? 0 : value / (before.y(at) + value)));
}

function layerOf({ node, path }: Pick<Addition, "node" | "path">): string {
  return placeName(placeAround({ node, path }));
}

/** `layer 2, cross-attention`. */
function labelOf(place: AdditionSeries, layers: readonly string[]): string {
  return `layer ${layers.indexOf(layerOf(place)) + 1}, ${kinds[place.update] ?? place.update}`;
}
