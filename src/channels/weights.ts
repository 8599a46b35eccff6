import { z } from "zod";
import { type LineOptions, linesPanel } from "../figures/lines.ts";
import { formatNumber } from "../figures/numbers.ts";
import { Series } from "../figures/series.ts";
import { defineChannel, number } from "./channel.ts";
import { joinSeries, stepAxis } from "./namedSeries.ts";
import { placeName } from "./place.ts";

/** The weights of one parameter group in one layer. */
const part = z.object({
  node: z.string(),
  /** Names of the blocks from there to the layer; empty for weights outside of stacked layers. */
  path: z.array(z.string()),
  /** Parameter group: `gate`, `new`, `resampler`. */
  group: z.string(),
});

export type WeightPart = z.output<typeof part>;

/** L2 norms, part by part. */
const norms = z.object({
  /** Of the gradients, before clipping. */
  gradient: z.array(number),
  /** Of the weights before the step. */
  weight: z.array(number),
  /** Of what the step changed. */
  update: z.array(number),
});

type Norms = z.output<typeof norms>;
type What = keyof Norms;
const whats = ["gradient", "weight", "update"] as const satisfies readonly What[];

export interface WeightsState extends Record<What, readonly Series[]> {
  parts: readonly WeightPart[];
}

/**
 * What each layer learns: the norms of its gradients, of its weights, and of the step relative to them, ‖Δw‖ / ‖w‖. Which parts there
 * are is recorded once, before the first values.
 */
export const weights = defineChannel({
  name: "weights",
  title: "Weights",
  summary: "The gradient norm, the weight norm and the update-to-weight ratio of every layer and parameter group.",
  order: 10,
  value: z.union([norms, z.object({ parts: z.array(part) })]),
  empty: { parts: [], gradient: [], weight: [], update: [] } as WeightsState,
  fold: (state, value, { step = 0 }) => {
    const each = (change: (what: What, at: number) => Series, parts = state.parts): WeightsState => {
      const all = whats.map((what) => [what, parts.map((_, at) => change(what, at))]);
      return { parts, ...(Object.fromEntries(all) as Record<What, Series[]>) };
    };
    if ("parts" in value) return each((what, at) => state[what][at] ?? Series.empty, value.parts);
    return each((what, at) => {
      const series = state[what][at]!;
      return at in value[what] ? series.append(step, value[what][at]!) : series;
    });
  },
  rewind: ({ parts, ...all }, step) => {
    const cut = (series: readonly Series[]) => series.map((each) => each.before(step + 1));
    return { parts, gradient: cut(all.gradient), weight: cut(all.weight), update: cut(all.update) };
  },
  table: (state) =>
    joinSeries(
      Object.fromEntries(
        whats.flatMap((what) => state.parts.map((each, at) => [`${partName(each)} ${what}`, state[what][at]!])),
      ),
    ),
  view: z.object({
    what: z
      .enum(["update to weight", "gradient norm", "weight norm"])
      .default("update to weight")
      .meta({ title: "of", description: "What is drawn of every layer and parameter group" }),
    log: z.boolean().default(true).meta({ title: "log axis", description: "Layers differ by powers of ten" }),
  }),
  figure: (state, { what, log }, frame) => {
    if (!state.gradient[0]?.last) return undefined;
    const values = {
      "update to weight": state.update.map((series, at) => series.map((value, i) => value / state.weight[at]!.y(i))),
      "gradient norm": state.gradient,
      "weight norm": state.weight,
    }[what];
    const most = largest(values);
    const panel = linesPanel({
      title: "Weights",
      lines: state.parts.map(
        (each, at): LineOptions => ({
          name: partName(each),
          points: values[at]!,
          color: { layer: at, of: state.parts.length },
          width: 1.5,
          dash: each.group === "gate" ? [5, 3] : [],
        }),
      ),
      x: stepAxis(frame),
      y: { title: axisTitles[what], log },
      legend: [
        { label: "first to last layer", colors: [0, 1, 2, 3].map((layer) => ({ layer, of: 4 })) },
        { label: "gates", colors: [], dash: [5, 3] },
      ],
      ...(most < 0
        ? {}
        : {
            readout: { value: formatNumber(values[most]!.last!.y), label: `largest, ${partName(state.parts[most]!)}` },
          }),
    });
    return { rows: [[panel]], label: `${what} of every layer over steps` };
  },
});

const axisTitles = {
  "update to weight": "‖Δw‖ / ‖w‖ in a step",
  "gradient norm": "‖gradient‖ before clipping",
  "weight norm": "‖w‖",
} as const;

/** `language.gated_cross_attn_layers.0 (gate)`. */
export function partName({ node, path, group }: WeightPart): string {
  return `${placeName({ node, path })} (${group})`;
}

/** Index of the series whose last value is the largest finite one; −1 where there is none. */
function largest(all: readonly Series[]): number {
  let most = -1;
  all.forEach(({ last }, at) => {
    if (!last || !Number.isFinite(last.y)) return;
    if (most < 0 || last.y > all[most]!.last!.y) most = at;
  });
  return most;
}
