import { useCallback } from "react";
import { roundDown, roundUp } from "../../../src/figures/axis.ts";
import { inks, type Theme } from "../../../src/figures/colors.ts";
import { formatNumber } from "../../../src/figures/numbers.ts";
import type { Series } from "../../../src/figures/series.ts";
import { smooth } from "../../../src/figures/smooth.ts";
import type { RunState } from "../../../src/runs/state.ts";
import { useRun } from "../stores/run.ts";
import { changeSettings, useSettings } from "../stores/settings.ts";
import { NoRun } from "./NoRun.tsx";
import { Plot, type PlotContent } from "./Plot.tsx";

/** At most so many points a line. */
const most = 1200;

/** The loss over the steps: each step faint, and the smoothed line over it. */
export function LossPanel() {
  const smoothing = useSettings((settings) => settings.smoothing);
  const log = useSettings((settings) => settings.logAxis);
  const hasSteps = useRun((run) => run.state.channels.loss.total.length > 0 || run.state.steps > 0);
  const content = useCallback(
    (theme: Theme) => lossContent(useRun.getState().id, useRun.getState().state, smoothing, log, theme),
    [smoothing, log],
  );
  if (!hasSteps) return <NoRun sketch="loss" what="The loss of every step is drawn here." />;
  return (
    <>
      <div className="panel-controls">
        <Readout smoothing={smoothing} />
        <label className="slider" title="How much of the past the smoothed line keeps">
          <span className="if-wide">smoothing</span>
          <input
            type="range"
            min={0}
            max={0.995}
            step={0.005}
            value={smoothing}
            onChange={(event) => changeSettings({ smoothing: Number(event.target.value) })}
          />
          <output>{smoothing.toFixed(3)}</output>
        </label>
        <label className="check">
          <input
            type="checkbox"
            checked={log}
            onChange={(event) => changeSettings({ logAxis: event.target.checked })}
          />
          log axis
        </label>
      </div>
      <Plot content={content} label="Loss over steps" testId="loss-plot" />
    </>
  );
}

function Readout({ smoothing }: { smoothing: number }) {
  const loss = useRun((run) => run.state.channels.loss.total);
  const smoothed = smooth(loss, smoothing).last?.y;
  return (
    <p className="readout">
      <strong data-testid="loss-smoothed">{formatNumber(smoothed)}</strong>
      <span className="muted">
        nats
        <span className="if-wide">
          , now <span data-testid="loss-raw">{formatNumber(loss.last?.y)}</span>
        </span>
      </span>
    </p>
  );
}

function lineOf(series: Series) {
  return { x: series.xs, y: series.ys };
}

function lossContent(
  id: string | undefined,
  run: RunState,
  smoothing: number,
  log: boolean,
  theme: Theme,
): PlotContent {
  const loss = run.channels.loss.total;
  const raw = lineOf(loss.thinned(most));
  const line = lineOf(smooth(loss, smoothing).thinned(most));
  const values = loss.ys.filter(Number.isFinite);
  const top = roundUp(values.reduce((a, b) => Math.max(a, b), 0.1));
  const least = values.reduce((a, b) => Math.min(a, b), top);
  const color = inks[theme].series;
  const common = { type: "scatter", mode: "lines", connectgaps: false };
  return {
    traces: [
      { ...common, ...raw, name: "loss", opacity: 0.28, line: { color, width: 1 }, hovertemplate: "%{y:.3f}" },
      { ...common, ...line, name: "smoothed", line: { color, width: 2 }, hovertemplate: "<b>%{y:.3f}</b>" },
    ],
    x: { title: "step", range: [0, Math.max(run.steps, loss.last?.x ?? 1)] },
    y: { title: "loss (nats per token)", range: log ? [roundDown(least), top] : [0, top], log },
    revision: `${id} ${log}`,
  };
}
