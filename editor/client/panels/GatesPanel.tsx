import { useCallback } from "react";
import { type Gate, gateLabel } from "../../../src/channels/gates.ts";
import { roundUp } from "../../../src/figures/axis.ts";
import { layerColor, type Theme } from "../../../src/figures/colors.ts";
import { formatNumber } from "../../../src/figures/numbers.ts";
import type { RunState } from "../../../src/runs/state.ts";
import { useRun } from "../stores/run.ts";
import { changeSettings, useSettings } from "../stores/settings.ts";
import { useTheme } from "../stores/theme.ts";
import { NoRun } from "./NoRun.tsx";
import { Plot, type PlotContent } from "./Plot.tsx";

/** Lines of the first kind of gate are drawn through, those of the others broken. */
const dashes = ["solid", "4px,3px", "1px,3px", "8px,3px,1px,3px"] as const;

/** At most so many points a line, and over all lines. */
const most = { line: 400, all: 8000 } as const;

/** tanh of every gate over the steps: how far each layer lets the pictures in. */
export function GatesPanel() {
  const absolute = useSettings((settings) => settings.absoluteGates);
  const gates = useRun((run) => run.state.channels.gates.gates);
  const content = useCallback(
    (theme: Theme) => gatesContent(useRun.getState().id, useRun.getState().state, absolute, theme),
    [absolute],
  );
  if (gates.length === 0)
    return <NoRun sketch="gates" what="Every tanh gate starts at 0; how far each one opens is drawn here." />;
  return (
    <>
      <div className="panel-controls">
        <Largest gates={gates} />
        <label className="check" title="Signs mean nothing: a gate is open when it is away from 0">
          <input
            type="checkbox"
            checked={absolute}
            onChange={(event) => changeSettings({ absoluteGates: event.target.checked })}
          />
          without sign
        </label>
      </div>
      <Legend gates={gates} />
      <Plot content={content} label="tanh of every gate over steps" testId="gates-plot" />
    </>
  );
}

function Largest({ gates }: { gates: readonly Gate[] }) {
  const series = useRun((run) => run.state.channels.gates.series);
  const values = series.map(({ last }) => Math.abs(last?.y ?? 0));
  const most = Math.max(0, ...values);
  const gate = gates[values.indexOf(most)];
  return (
    <p className="readout">
      <strong data-testid="gate-largest">{formatNumber(most)}</strong>
      <span className="muted">{most > 0 ? `largest, ${gate && gateLabel(gate)}` : "all gates closed"}</span>
    </p>
  );
}

function Legend({ gates }: { gates: readonly Gate[] }) {
  const theme = useTheme();
  const layers = countLayers(gates);
  const kinds = kindsOf(gates);
  return (
    <div className="gate-legend" aria-hidden="true">
      <span className="ramp" title="first layer to last layer">
        <span>layer 1</span>
        {Array.from({ length: layers }, (_value, layer) => (
          <i key={String(layer)} style={{ background: layerColor(layer, layers, theme) }} />
        ))}
        <span>{layers}</span>
      </span>
      {kinds.map((kind, index) => (
        <span key={kind} className="dash">
          <svg width="22" height="6" aria-hidden="true">
            <line x1="0" y1="3" x2="22" y2="3" strokeDasharray={dashOf(index) === "solid" ? "none" : dashOf(index)} />
          </svg>
          {kind}
        </span>
      ))}
    </div>
  );
}

function gatesContent(id: string | undefined, run: RunState, absolute: boolean, theme: Theme): PlotContent {
  const { gates, series } = run.channels.gates;
  const layers = countLayers(gates);
  const kinds = kindsOf(gates);
  const each = Math.min(most.line, Math.floor(most.all / gates.length));
  let peak = 0.02;
  const traces = gates.map((gate, index) => {
    const values = series[index]!;
    for (const [, value] of values) if (Number.isFinite(value)) peak = Math.max(peak, Math.abs(value));
    const line = (absolute ? values.map(Math.abs) : values).thinned(each);
    const dash = dashOf(kinds.indexOf(gate.update));
    return {
      x: line.xs,
      y: line.ys,
      type: "scatter",
      mode: "lines",
      name: gateLabel(gate),
      line: { color: layerColor(gate.layer, layers, theme), width: dash === "solid" ? 2.25 : 1.5, dash },
      hovertemplate: "%{y:.3f}",
    };
  });
  const top = roundUp(peak);
  return {
    traces,
    x: { title: "step", range: [0, Math.max(run.steps, run.step || 1)] },
    y: { title: absolute ? "|tanh(gate)|" : "tanh(gate)", range: [absolute ? 0 : -top, top] },
    revision: `${id} ${absolute}`,
  };
}

function dashOf(kind: number): string {
  return dashes[kind % dashes.length]!;
}

function kindsOf(gates: readonly Gate[]): string[] {
  return [...new Set(gates.map((gate) => gate.update))];
}

function countLayers(gates: readonly Gate[]): number {
  return Math.max(0, ...gates.map((gate) => gate.layer)) + 1;
}
