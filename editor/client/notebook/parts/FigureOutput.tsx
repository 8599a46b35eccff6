import { useCallback, useEffect, useLayoutEffect, useRef } from "react";
import { loadPlotly, type Plotly } from "../../figures/loadPlotly.ts";
import { useRedraw } from "../../figures/useRedraw.ts";
import { useTheme } from "../../stores/theme.ts";
import { figureHeight, type PlotlyFigure, themed } from "../show/plotlyFigure.ts";
import { useNotebook } from "../stores/notebook.ts";

/** A Plotly figure. It is redrawn in its place as it changes, at most four times a second and only while it is seen. */
export function FigureOutput({ figure, label }: { figure: PlotlyFigure; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  const latest = useRef(figure);
  const plotly = useRef<Plotly | undefined>(undefined);
  useLayoutEffect(() => {
    latest.current = figure;
  }, [figure]);
  const draw = useCallback(async () => {
    const element = box.current;
    const now = latest.current;
    if (!element || (drawn.get(element)?.figure === now && drawn.get(element)?.theme === theme)) return;
    plotly.current = await loadPlotly();
    if (!element.isConnected) return;
    drawn.set(element, { figure: now, theme });
    const { data, layout, config } = themed(now, theme);
    await plotly.current.react(element, data, layout, config);
  }, [theme]);
  useRedraw(box, draw, useNotebook.subscribe);
  useEffect(() => {
    const element = box.current!;
    const observer = new ResizeObserver(() => {
      if (plotly.current && element.clientWidth > 0) plotly.current.Plots.resize(element);
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawn.delete(element);
      plotly.current?.purge(element);
      plotly.current = undefined;
    };
  }, []);
  return (
    <div
      ref={box}
      className="figure-output"
      role="img"
      aria-label={label}
      style={{ height: figureHeight(figure) }}
      data-testid="figure"
    />
  );
}

/** What is drawn in an element now. */
const drawn = new WeakMap<HTMLElement, { figure: PlotlyFigure; theme: string }>();
