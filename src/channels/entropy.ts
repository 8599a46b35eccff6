import { z } from "zod";
import type { HeatPanel } from "../figures/figure.ts";
import { linesPanel } from "../figures/lines.ts";
import { formatNumber } from "../figures/numbers.ts";
import { Series } from "../figures/series.ts";
import { defineChannel, number, type Reading } from "./channel.ts";
import { joinSeries, stepAxis } from "./namedSeries.ts";
import { placeName } from "./place.ts";

/** The entropy of a layer's cross-attention, in nats. */
const layerEntropy = z.object({
  node: z.string(),
  /** Names of the blocks from there to the attention. */
  path: z.array(z.string()),
  /** Mean over the tokens that may attend to anything, head by head. */
  heads: z.array(number),
  /** The entropy of even attention to all that a token may attend to: the mean of ln(keys). */
  even: number,
});

export type LayerEntropy = z.output<typeof layerEntropy>;

interface Layer extends Pick<LayerEntropy, "node" | "path"> {
  heads: readonly Series[];
  even: Series;
}

/** How sharply each head of cross-attention looks, on the training batch: −Σ p ln p over the latents of the images that a token may see. */
export const entropy = defineChannel({
  name: "entropy",
  title: "Entropy",
  summary: "How sharply each head of each gated layer looks: the entropy of its cross-attention.",
  order: 9,
  value: z.array(layerEntropy),
  empty: [] as readonly Layer[],
  fold: (state, value, { step = 0 }) => value.reduce((layers, each) => withLayer(layers, each, step), state),
  rewind: (state, step) =>
    state
      .map(({ heads, even, ...place }) => ({
        ...place,
        heads: heads.map((each) => each.before(step + 1)),
        even: even.before(step + 1),
      }))
      .filter(({ even }) => even.length > 0),
  table: (state) =>
    joinSeries(
      Object.fromEntries(
        state.flatMap((layer) => [
          ...layer.heads.map((each, head) => [`${placeName(layer)} head ${head + 1}`, each] as const),
          [`${placeName(layer)} even`, layer.even] as const,
        ]),
      ),
    ),
  view: z.object({
    heads: z
      .boolean()
      .default(false)
      .meta({ title: "each head now", description: "Every head of every layer at the last step" }),
  }),
  figure: (state, { heads: eachHead }, frame) => {
    const last = state[0]?.even.last;
    if (!last) return undefined;
    const lines = linesPanel({
      title: "Entropy of cross-attention",
      lines: [
        ...state.map((layer, at) => ({
          name: `layer ${at + 1}, mean over heads`,
          points: meanOf(layer.heads),
          color: { layer: at, of: state.length },
        })),
        { name: "even attention", points: state[0]!.even, color: "muted" as const, width: 1, dash: [2, 3] },
      ],
      x: stepAxis(frame),
      legend: [
        { label: "first to last layer", colors: [0, 1, 2, 3].map((layer) => ({ layer, of: 4 })) },
        { label: "even attention", colors: ["muted"], dash: [2, 3] },
      ],
      y: { title: "entropy (nats)", range: [0, Math.max(0.1, Math.ceil(last.y * 2) / 2)] },
      readout: { value: formatNumber(last.y), label: "nats is even attention" },
    });
    const heads = Math.max(...state.map((layer) => layer.heads.length));
    const now: HeatPanel = {
      kind: "heat",
      title: "Entropy of each head now",
      values: state.map((layer) => layer.heads.map((each) => each.last?.y ?? Number.NaN)),
      rows: state.map((_, at) => `layer ${at + 1}`),
      columns: Array.from({ length: heads }, (_, head) => `head ${head + 1}`),
      end: last.y > 0 ? last.y : 1,
      signed: false,
    };
    return { rows: [[eachHead ? now : lines]], label: "entropy of cross-attention" };
  },
  probe: {
    every: 50,
    reads: [{ block: "Attention", within: "MaskedCrossAttention", of: { probe: "weights" } }],
    value: (readings) => readings.map(entropyOf),
  },
});

/** The layers with one more value of one of them, which may be new. */
function withLayer(state: readonly Layer[], { node, path, heads, even }: LayerEntropy, step: number): readonly Layer[] {
  const known = state.find((each) => placeName(each) === placeName({ node, path }));
  const layer = {
    ...{ node, path },
    heads: heads.map((each, head) => (known?.heads[head] ?? Series.empty).append(step, each)),
    even: (known?.even ?? Series.empty).append(step, even),
  };
  return known ? state.map((each) => (each === known ? layer : each)) : [...state, layer];
}

/** Of attention weights [sequences, heads, queries, keys]. A query that may attend to nothing has only zeros, and does not count. */
function entropyOf({ node, path, shape, data }: Reading): LayerEntropy {
  const [sequences, heads, queries, keys] = shape as [number, number, number, number];
  const sums = new Array<number>(heads).fill(0);
  const counts = new Array<number>(heads).fill(0);
  let even = 0;
  for (let row = 0; row < sequences * heads * queries; row++) {
    const head = Math.floor(row / queries) % heads;
    let [sum, seen] = [0, 0];
    for (let at = row * keys; at < (row + 1) * keys; at++) {
      const weight = data[at]!;
      if (weight === 0) continue;
      sum -= weight * Math.log(weight);
      seen++;
    }
    if (seen === 0) continue;
    sums[head]! += sum;
    counts[head]!++;
    even += Math.log(seen);
  }
  const all = counts.reduce((total, count) => total + count, 0);
  return {
    ...{ node, path: [...path] },
    heads: sums.map((sum, head) => (counts[head]! > 0 ? sum / counts[head]! : 0)),
    even: all > 0 ? even / all : 0,
  };
}

function meanOf(heads: readonly Series[]): Series {
  return heads[0]!.map((_, at) => heads.reduce((sum, each) => sum + each.y(at), 0) / heads.length);
}
