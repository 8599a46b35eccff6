import { gateLabel } from "../../../src/channels/gates.ts";
import { roundUp } from "../../../src/figures/axis.ts";
import { layerColor } from "../../../src/figures/colors.ts";
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
export function gatesPanel({ channels, step, steps }: RunState, { absolute = true }: GatesOptions = {}): LinePanel {
  const { gates, series } = channels.gates;
  const layers = Math.max(0, ...gates.map(({ layer }) => layer)) + 1;
  const kinds = [...new Set(gates.map(({ update }) => update))];
  const color = (layer: number) => layerColor(layer, layers, "both");
  let peak = 0.02;
  const lines = gates.map((gate, index) => {
    const { layer, update } = gate;
    const dash = dashes[kinds.indexOf(update) % dashes.length]!;
    const values = absolute ? series[index]!.map(Math.abs) : series[index]!;
    for (const [, value] of values) if (Number.isFinite(value)) peak = Math.max(peak, Math.abs(value));
    return {
      ...{ name: gateLabel(gate), series: values, color: color(layer), width: dash === "" ? 2 : 1.5 },
      ...(dash === "" ? {} : { dash }),
    };
  });
  const largest = Math.max(0, ...lines.map((line) => Math.abs(line.series.last?.y ?? 0)));
  const top = roundUp(peak);
  return new LinePanel({
    lines,
    x: { title: "step", range: [0, Math.max(steps, step || 1)] },
    y: { title: absolute ? "|tanh(gate)|" : "tanh(gate)", range: [absolute ? 0 : -top, top] },
    ...(lines.length > 0 && step > 0 ? { readout: `up to ${formatNumber(largest)}` } : {}),
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
