import { z } from "zod";
import { Series } from "../figures/series.ts";
import { defineChannel, number } from "./channel.ts";
import { joinSeries } from "./seriesTable.ts";

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

/** How far each tanh gate is open, after each step. Which gates there are is told once, before the first values. */
export const gates = defineChannel({
  name: "gates",
  title: "Gates",
  summary: "tanh of every gate: how far each layer lets the images in.",
  value: z.union([z.array(number), z.object({ gates: z.array(gate) })]),
  empty: { gates: [], series: [] } as GatesState,
  fold: (state, value, { step = 0 }) => {
    if (!Array.isArray(value))
      return { gates: value.gates, series: value.gates.map((_, at) => state.series[at] ?? Series.empty) };
    return {
      ...state,
      series: state.series.map((series, at) => (at in value ? series.append(step, value[at]!) : series)),
    };
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
});

/** The name of the gate's weight, as in a checkpoint. */
export function weightName({ node, path }: Pick<Gate, "node" | "path">): string {
  return [node, ...path].join(".");
}

/** `layer 2, feed-forward`. */
export function gateLabel({ layer, update }: Gate): string {
  return `layer ${layer + 1}, ${update.toLowerCase()}`;
}
