import { useCallback, useRef, useState } from "react";
import { useShallow } from "zustand/react/shallow";
import { downsample } from "../../../src/runs/downsample.ts";
import { secondsLeft } from "../../../src/runs/state.ts";
import { roundUp } from "../figures/axis.ts";
import { prepare } from "../figures/canvas.ts";
import { inks, layerColor } from "../figures/colors.ts";
import { gatesOf, readGates } from "../figures/gates.ts";
import { formatCount, formatNumber, formatSeconds } from "../figures/numbers.ts";
import { smooth } from "../figures/smooth.ts";
import { useRedraw } from "../figures/useRedraw.ts";
import type { Figure } from "../graph/figure.ts";
import { pinnedPicture, useRun } from "../stores/run.ts";
import { useTheme } from "../stores/theme.ts";

const size = { width: 188, height: 32 } as const;

/** What a node shows while a run goes on: what it has room for, and its gates if the run has gates of it. */
export function LiveFigure({ node, figure }: { node: string; figure: Figure | undefined }) {
  const hasGates = useRun((run) => gatesOf(node, run.state.gateNames).length > 0);
  return (
    <>
      {figure === "loss" && <LossFigure />}
      {figure === "pictures" && <PicturesFigure />}
      {figure === "progress" && <ProgressFigure node={node} />}
      {hasGates && <GatesFigure node={node} />}
    </>
  );
}

function LossFigure() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [now, setNow] = useState<number | null>(null);
  const theme = useTheme();
  const draw = useCallback(() => {
    const { series, steps } = useRun.getState().state;
    const smoothed = smooth(series.loss, 0.95);
    setNow(smoothed.findLast((value) => value !== null) ?? null);
    if (!canvas.current) return;
    const pen = prepare(canvas.current, size.width, size.height);
    const top = smoothed.reduce<number>((most, value) => Math.max(most, value ?? 0), 0.1) * 1.2;
    const last = Math.max(steps, series.step.at(-1) ?? 1);
    const lines = [
      { values: series.loss, alpha: 0.28, width: 1 },
      { values: smoothed, alpha: 1, width: 1.75 },
    ];
    for (const { values, alpha, width } of lines) {
      const { x, y } = downsample({ x: series.step, y: values }, 240);
      pen.globalAlpha = alpha;
      pen.strokeStyle = inks[theme].series;
      pen.lineWidth = width;
      pen.lineJoin = "round";
      pen.beginPath();
      let open = false;
      for (const [index, value] of y.entries()) {
        if (value === null) {
          open = false;
          continue;
        }
        const place = [
          (x[index]! / last) * size.width,
          size.height - 1.5 - (Math.min(value, top) / top) * (size.height - 3),
        ];
        if (open) pen.lineTo(place[0]!, place[1]!);
        else pen.moveTo(place[0]!, place[1]!);
        open = true;
      }
      pen.stroke();
    }
  }, [theme]);
  useRedraw(canvas, draw);
  return (
    <div className="card-figure" data-testid="node-loss">
      <Caption left="loss" right={now === null ? "no run yet" : `${formatNumber(now)} nats`} />
      <canvas ref={canvas} style={size} aria-label={`loss, now ${formatNumber(now)}`} role="img" />
    </div>
  );
}

function GatesFigure({ node }: { node: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [largest, setLargest] = useState(0);
  const theme = useTheme();
  const draw = useCallback(() => {
    const { series, gateNames } = useRun.getState().state;
    const gates = readGates(gateNames);
    const own = gatesOf(node, gateNames);
    const values = own.map((index) => Math.abs(series.gates[index]?.at(-1) ?? 0));
    const most = Math.max(0, ...values);
    setLargest(most);
    if (!canvas.current) return;
    const pen = prepare(canvas.current, size.width, size.height);
    const layers = Math.max(...gates.map((gate) => gate.layer)) + 1;
    const kinds = [...new Set(gates.map((gate) => gate.kind))];
    const top = Math.max(0.1, roundUp(most));
    const slot = size.width / own.length;
    const width = Math.min(16, slot * 0.7);
    own.forEach((index, place) => {
      const gate = gates[index]!;
      const height = Math.max(1.5, (values[place]! / top) * (size.height - 2));
      const left = place * slot + (slot - width) / 2;
      const color = layerColor(gate.layer, layers, theme);
      pen.fillStyle = color;
      pen.strokeStyle = color;
      pen.lineWidth = 1.25;
      if (kinds.indexOf(gate.kind) === 0) pen.fillRect(left, size.height - height, width, height);
      else pen.strokeRect(left + 0.6, size.height - height + 0.6, width - 1.2, Math.max(0.5, height - 1.2));
    });
  }, [theme, node]);
  useRedraw(canvas, draw);
  return (
    <div
      className="card-figure"
      data-testid="node-gates"
      title="|tanh| of each gate, first layer left; filled: attention"
    >
      <Caption left="gates |tanh|" right={`up to ${formatNumber(largest)}`} />
      <canvas ref={canvas} style={size} aria-label={`gates, up to ${formatNumber(largest)}`} role="img" />
    </div>
  );
}

const shownPictures = 6;

function PicturesFigure() {
  const run = useRun((state) => state.id);
  const samples = useRun(useShallow((state) => state.state.samples.at(-1)?.samples.slice(0, shownPictures) ?? []));
  return (
    <div className="card-figure card-pictures" data-testid="node-pictures">
      {run !== undefined && samples.length > 0
        ? samples.map(({ image, label }) => (
            <img key={image} src={pinnedPicture(run, image)} alt={label} title={label} draggable={false} />
          ))
        : Array.from({ length: shownPictures }, (_value, index) => <span key={String(index)} className="no-picture" />)}
    </div>
  );
}

function ProgressFigure({ node }: { node: string }) {
  const progress = useRun((run) => run.state.nodes[node]);
  const now = useRun((run) => run.state.updated ?? 0);
  const state = progress?.state ?? "idle";
  const left = progress && state === "running" ? secondsLeft(progress, now) : undefined;
  const { step, total } = progress ?? {};
  const counted = step !== undefined && total ? `${formatCount(step)} of ${formatCount(total)}` : "";
  const share = state === "succeeded" ? 1 : step !== undefined && total ? step / total : 0;
  return (
    <div className="card-figure" data-testid="node-progress" data-state={state}>
      <Caption left={counted || stateTexts[state]} right={left === undefined ? "" : `${formatSeconds(left)} left`} />
      <div className="bar" role="progressbar" aria-valuenow={Math.round(share * 100)} aria-label="progress">
        <div style={{ transform: `scaleX(${share})` }} />
      </div>
    </div>
  );
}

const stateTexts = {
  idle: "not run yet",
  queued: "waiting",
  running: "running",
  succeeded: "done",
  failed: "failed",
  stopped: "stopped",
} as const;

function Caption({ left, right }: { left: string; right: string }) {
  return (
    <div className="card-caption">
      <span>{left}</span>
      <span>{right}</span>
    </div>
  );
}
