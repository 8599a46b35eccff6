import { roundDown, roundUp } from "../../../src/figures/axis.ts";
import { formatNumber } from "../../../src/figures/numbers.ts";
import { smooth } from "../../../src/figures/smooth.ts";
import type { RunState } from "../../../src/runs/state.ts";
import { inks } from "../html.ts";
import { LinePanel } from "../plot/linePanel.ts";

export interface LossOptions {
  /** How much of the past the smoothed line keeps, 0 to below 1. */
  smoothing?: number;
  log?: boolean;
}

/** The loss of every step, faint, and the smoothed loss over it. */
export function lossPanel(
  { channels, step, steps }: RunState,
  { smoothing = 0.9, log = false }: LossOptions = {},
): LinePanel {
  const loss = channels.loss.total;
  const smoothed = smooth(loss, smoothing);
  const values = loss.ys.filter(Number.isFinite);
  const top = roundUp(values.reduce((most, value) => Math.max(most, value), 0.1));
  const least = values.reduce((less, value) => Math.min(less, value), top);
  const last = smoothed.last?.y;
  return new LinePanel({
    lines: [
      { name: "each step", series: loss, color: inks.series, width: 1, opacity: 0.35 },
      { name: "smoothed", series: smoothed, color: inks.series, width: 2.25 },
    ],
    x: { title: "step", range: [0, Math.max(steps, step || 1)] },
    y: { title: "loss (nats per token)", range: log ? [roundDown(least), top] : [0, top], log },
    ...(last === undefined ? {} : { readout: formatNumber(last) }),
    legend: [
      { label: "each step", colors: ["#12988a66"], dash: "" },
      { label: `smoothed (${smoothing})`, colors: [inks.series], dash: "" },
    ],
  });
}
