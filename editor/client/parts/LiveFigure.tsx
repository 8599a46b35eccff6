import { useCallback, useRef, useState } from "react";
import { useShallow } from "zustand/react/shallow";
import { formatCount, formatNumber, formatSeconds } from "../../../src/figures/numbers.ts";
import { smooth } from "../../../src/figures/smooth.ts";
import { shownState } from "../../../src/runs/progress.ts";
import { secondsLeft } from "../../../src/runs/state.ts";
import { drawGates, drawLoss, figureSize, gatesOf, gateValues } from "../figures/nodeFigures.ts";
import { useRedraw } from "../figures/useRedraw.ts";
import type { Figure } from "../graph/figure.ts";
import { pinnedImage, useRun } from "../stores/run.ts";
import { useTheme } from "../stores/theme.ts";

/** What a node shows while a run goes on: what it has room for, and its gates if the run has gates of it. */
export function LiveFigure({ node, figure }: { node: string; figure: Figure | undefined }) {
  const hasGates = useRun((run) => gatesOf(run.state, node).length > 0);
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
    const run = useRun.getState().state;
    const smoothed = smooth(run.channels.loss.total, 0.95);
    setNow(smoothed.last?.y ?? null);
    if (canvas.current) drawLoss(canvas.current, run, smoothed, theme);
  }, [theme]);
  useRedraw(canvas, draw);
  return (
    <div className="card-figure" data-testid="node-loss">
      <Caption left="loss" right={now === null ? "no run yet" : `${formatNumber(now)} nats`} />
      <canvas ref={canvas} style={figureSize} aria-label={`loss, now ${formatNumber(now)}`} role="img" />
    </div>
  );
}

function GatesFigure({ node }: { node: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [largest, setLargest] = useState(0);
  const theme = useTheme();
  const draw = useCallback(() => {
    const run = useRun.getState().state;
    setLargest(Math.max(0, ...gateValues(run, node)));
    if (canvas.current) drawGates(canvas.current, run, node, theme);
  }, [theme, node]);
  useRedraw(canvas, draw);
  return (
    <div
      className="card-figure"
      data-testid="node-gates"
      title="|tanh| of each gate, first layer left; filled: attention"
    >
      <Caption left="gates |tanh|" right={`up to ${formatNumber(largest)}`} />
      <canvas ref={canvas} style={figureSize} aria-label={`gates, up to ${formatNumber(largest)}`} role="img" />
    </div>
  );
}

const shownPictures = 6;

function PicturesFigure() {
  const run = useRun((state) => state.id);
  const samples = useRun(
    useShallow((state) => state.state.channels.samples.at(-1)?.samples.slice(0, shownPictures) ?? []),
  );
  return (
    <div className="card-figure card-pictures" data-testid="node-pictures">
      {run !== undefined && samples.length > 0
        ? samples.map(({ image, label }) => (
            <img key={image} src={pinnedImage(run, image)} alt={label} title={label} draggable={false} />
          ))
        : Array.from({ length: shownPictures }, (_value, index) => <span key={String(index)} className="no-picture" />)}
    </div>
  );
}

function ProgressFigure({ node }: { node: string }) {
  const progress = useRun((run) => run.state.nodes[node]);
  const now = useRun((run) => run.state.updated ?? 0);
  const state = useRun((run) => shownState(run.state.status, run.state.nodes[node]));
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
