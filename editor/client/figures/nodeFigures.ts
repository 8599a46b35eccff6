import { roundUp } from "../../../src/figures/axis.ts";
import { inks, layerColor, type Theme } from "../../../src/figures/colors.ts";
import type { Series } from "../../../src/figures/series.ts";
import type { RunState } from "../../../src/runs/state.ts";
import { prepare } from "./canvas.ts";

/** Size of a node's live figure, in CSS pixels. */
export const figureSize = { width: 184, height: 32 } as const;
const { width, height } = figureSize;

/** Draws the loss of every step faint, and the smoothed loss over it, from 0 up. */
export function drawLoss(canvas: HTMLCanvasElement, run: RunState, smoothed: Series, theme: Theme): void {
  const pen = prepare(canvas, width, height);
  const loss = run.channels.loss.total;
  const top = smoothed.ys.filter(Number.isFinite).reduce((most, value) => Math.max(most, value), 0.1) * 1.2;
  const last = Math.max(run.steps, run.step || 1);
  pen.strokeStyle = inks[theme].series;
  pen.lineJoin = "round";
  for (const { values, alpha, thickness } of [
    { values: loss, alpha: 0.28, thickness: 1 },
    { values: smoothed, alpha: 1, thickness: 1.75 },
  ]) {
    const { xs: x, ys: y } = values.thinned(240);
    pen.globalAlpha = alpha;
    pen.lineWidth = thickness;
    pen.beginPath();
    y.forEach((value, index) => {
      if (!Number.isFinite(value)) return;
      const place = [(x[index]! / last) * width, height - 1.5 - (Math.min(value, top) / top) * (height - 3)] as const;
      if (!Number.isFinite(y[index - 1])) pen.moveTo(...place);
      else pen.lineTo(...place);
    });
    pen.stroke();
  }
}

/** Draws a bar for |tanh| of each gate of a node, the first layer left: filled for the first kind, else an outline. */
export function drawGates(canvas: HTMLCanvasElement, run: RunState, node: string, theme: Theme): void {
  const pen = prepare(canvas, width, height);
  const { gates } = run.channels.gates;
  const own = gatesOf(run, node);
  const values = gateValues(run, node);
  const layers = Math.max(0, ...gates.map((gate) => gate.layer)) + 1;
  const top = Math.max(0.1, roundUp(Math.max(0, ...values)));
  const slot = width / own.length;
  const thickness = Math.min(16, slot * 0.7);
  own.forEach((index, place) => {
    const gate = gates[index]!;
    const size = Math.max(1.5, (values[place]! / top) * (height - 2));
    const left = place * slot + (slot - thickness) / 2;
    pen.fillStyle = layerColor(gate.layer, layers, theme);
    pen.strokeStyle = pen.fillStyle;
    pen.lineWidth = 1.25;
    if (gate.update === gates[0]!.update) pen.fillRect(left, height - size, thickness, size);
    else pen.strokeRect(left + 0.6, height - size + 0.6, thickness - 1.2, Math.max(0.5, size - 1.2));
  });
}

/** |tanh| of each gate of a node, now. */
export function gateValues(run: RunState, node: string): number[] {
  return gatesOf(run, node).map((index) => Math.abs(run.channels.gates.series[index]?.last?.y ?? 0));
}

/** Indices of the gates that are in a node. */
export function gatesOf(run: RunState, node: string): number[] {
  return run.channels.gates.gates.flatMap((gate, index) => (gate.node === node ? [index] : []));
}
