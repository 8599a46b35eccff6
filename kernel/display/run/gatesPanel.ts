import { roundUp } from "../../../src/figures/axis.ts";
import { layerColor } from "../../../src/figures/colors.ts";
import { readGates } from "../../../src/figures/gates.ts";
import { formatNumber } from "../../../src/figures/numbers.ts";
import type { RunState } from "../../../src/runs/state.ts";
import { LinePanel } from "../plot/linePanel.ts";

/** Lines of the first kind of gate are drawn through, those of the others broken. */
const dashes = ["", "5 3", "1 3", "8 3 1 3"] as const;

export interface GatesOptions {
  /** Without sign: a gate is open when it is away from 0. */
  absolute?: boolean;
}

/** tanh of every gate over the steps: how far each layer lets the pictures in. */
export function gatesPanel({ series, steps, gateNames }: RunState, { absolute = true }: GatesOptions = {}): LinePanel {
  const gates = readGates(gateNames);
  const layers = Math.max(0, ...gates.map(({ layer }) => layer)) + 1;
  const kinds = [...new Set(gates.map(({ kind }) => kind))];
  const color = (layer: number) => layerColor(layer, layers, "both");
  let peak = 0.02;
  const lines = gates.map(({ index, layer, kind, label }) => {
    const dash = dashes[kinds.indexOf(kind) % dashes.length]!;
    const values = (series.gates[index] ?? []).map((value) => (value !== null && absolute ? Math.abs(value) : value));
    for (const value of values) peak = Math.max(peak, Math.abs(value ?? 0));
    return {
      ...{ name: label, x: series.step, y: values, color: color(layer), width: dash === "" ? 2 : 1.5 },
      ...(dash === "" ? {} : { dash }),
    };
  });
  const largest = Math.max(0, ...lines.map(({ y }) => Math.abs(y.at(-1) ?? 0)));
  const top = roundUp(peak);
  return new LinePanel({
    lines,
    x: { title: "step", range: [0, Math.max(steps, series.step.at(-1) ?? 1)] },
    y: { title: absolute ? "|tanh(gate)|" : "tanh(gate)", range: [absolute ? 0 : -top, top] },
    ...(lines.length > 0 && series.step.length > 0 ? { readout: `up to ${formatNumber(largest)}` } : {}),
    legend: [
      { label: layers === 1 ? "layer 1" : `layer 1 to ${layers}`, colors: sample(layers).map(color) },
      ...kinds.map((kind, index) => ({ label: kind, dash: dashes[index % dashes.length]! })),
    ],
  });
}

/** At most eight layers, the first and the last among them. */
function sample(layers: number): number[] {
  const count = Math.min(8, layers);
  return Array.from({ length: count }, (_, index) => Math.round((index * (layers - 1)) / Math.max(1, count - 1)));
}
