import { roundUp } from "../../../src/figures/axis.ts";
import { inks, layerColor, type Theme } from "../../../src/figures/colors.ts";
import { gatesOf, readGates } from "../../../src/figures/gates.ts";
import { downsample } from "../../../src/runs/downsample.ts";
import type { RunState } from "../../../src/runs/state.ts";
import { prepare } from "./canvas.ts";

/** Size of a node's live figure, in CSS pixels. */
export const figureSize = { width: 184, height: 32 } as const;
const { width, height } = figureSize;

/** Draws the loss of every step faint, and the smoothed loss over it, from 0 up. */
export function drawLoss(canvas: HTMLCanvasElement, run: RunState, smoothed: (number | null)[], theme: Theme): void {
  const pen = prepare(canvas, width, height);
  const { step, loss } = run.series;
  const top = smoothed.reduce<number>((most, value) => Math.max(most, value ?? 0), 0.1) * 1.2;
  const last = Math.max(run.steps, step.at(-1) ?? 1);
  pen.strokeStyle = inks[theme].series;
  pen.lineJoin = "round";
  for (const { values, alpha, thickness } of [
    { values: loss, alpha: 0.28, thickness: 1 },
    { values: smoothed, alpha: 1, thickness: 1.75 },
  ]) {
    const { x, y } = downsample({ x: step, y: values }, 240);
    pen.globalAlpha = alpha;
    pen.lineWidth = thickness;
    pen.beginPath();
    y.forEach((value, index) => {
      if (value === null) return;
      const place = [(x[index]! / last) * width, height - 1.5 - (Math.min(value, top) / top) * (height - 3)] as const;
      if (y[index - 1] == null) pen.moveTo(...place);
      else pen.lineTo(...place);
    });
    pen.stroke();
  }
}

/** Draws a bar for |tanh| of each gate of a node, the first layer left: filled for the first kind, else an outline. */
export function drawGates(canvas: HTMLCanvasElement, run: RunState, node: string, theme: Theme): void {
  const pen = prepare(canvas, width, height);
  const gates = readGates(run.gateNames);
  const own = gatesOf(node, run.gateNames);
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
    if (gate.kind === gates[0]!.kind) pen.fillRect(left, height - size, thickness, size);
    else pen.strokeRect(left + 0.6, height - size + 0.6, thickness - 1.2, Math.max(0.5, size - 1.2));
  });
}

/** |tanh| of each gate of a node, now. */
export function gateValues(run: RunState, node: string): number[] {
  return gatesOf(node, run.gateNames).map((index) => Math.abs(run.series.gates[index]?.at(-1) ?? 0));
}
