import type { PlotlyTrace } from "plotly.js-cartesian-dist-min";
import { useEffect, useMemo, useRef } from "react";
import { inks, type Theme } from "../../../src/figures/colors.ts";
import { loadPlotly, type Plotly } from "../figures/loadPlotly.ts";
import { useRedraw } from "../figures/useRedraw.ts";
import { useRun } from "../stores/run.ts";
import { useTheme } from "../stores/theme.ts";

/** An axis: its label with its unit, and its range, which stays put while lines grow. */
export interface PlotAxis {
  title: string;
  range: [number, number];
  log?: boolean;
}

export interface PlotContent {
  traces: PlotlyTrace[];
  x: PlotAxis;
  y: PlotAxis;
  /** Zooming is kept as long as this stays the same. */
  revision: string;
}

/**
 * A plot that follows the run: redrawn at most four times a second, and only while it is seen.
 * @param content is asked for what to draw each time
 */
export function Plot({
  content,
  label,
  testId,
}: {
  content: (theme: Theme) => PlotContent;
  label: string;
  testId: string;
}) {
  const box = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  const drawn = useRef<Plotly | undefined>(undefined);
  const draw = useMemo(() => {
    let shown = "";
    return async () => {
      const plotly = await loadPlotly();
      const element = box.current;
      const { id, state } = useRun.getState();
      const now = `${id} ${state.steps} ${state.next}`;
      if (!element?.isConnected || now === shown) return;
      shown = now;
      drawn.current = plotly;
      const { traces, x, y, revision } = content(theme);
      await plotly.react(element, traces, layoutOf(theme, x, y, revision), config);
    };
  }, [content, theme]);
  useRedraw(box, draw);
  useEffect(() => {
    const element = box.current!;
    const observer = new ResizeObserver(() => {
      if (drawn.current && element.clientWidth > 0) drawn.current.Plots.resize(element);
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawn.current?.purge(element);
      drawn.current = undefined;
    };
  }, []);
  return <div ref={box} className="plot" role="img" aria-label={label} data-testid={testId} />;
}

const config = { displayModeBar: false, responsive: false, doubleClick: "reset", scrollZoom: false };

function layoutOf(theme: Theme, x: PlotAxis, y: PlotAxis, revision: string): Record<string, unknown> {
  const ink = inks[theme];
  const axis = ({ title, range, log }: PlotAxis) => ({
    title: { text: title, standoff: 6, font: { size: 11.5, color: ink.muted } },
    type: log ? "log" : "linear",
    range: log ? range.map((value) => Math.log10(value)) : range,
    gridcolor: ink.grid,
    linecolor: ink.grid,
    zeroline: false,
    tickfont: { size: 11, color: ink.muted },
    nticks: 6,
    separatethousands: true,
    ...(log ? { dtick: "D2" } : {}),
    fixedrange: false,
  });
  return {
    autosize: true,
    margin: { l: 50, r: 10, t: 6, b: 38 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif', color: ink.text },
    xaxis: axis(x),
    yaxis: axis(y),
    showlegend: false,
    hovermode: "x unified",
    hoverlabel: { bgcolor: ink.surface, bordercolor: ink.grid, font: { size: 11, color: ink.text } },
    dragmode: "zoom",
    uirevision: revision,
    datarevision: Math.random(),
  };
}
