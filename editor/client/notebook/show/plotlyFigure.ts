import type { PlotlyTrace } from "plotly.js-cartesian-dist-min";
import { isObject } from "../../../../src/core/json.ts";
import { inks, type Theme } from "../../../../src/figures/colors.ts";

/** A figure as `application/vnd.plotly.v1+json` has it. */
export interface PlotlyFigure {
  data: readonly PlotlyTrace[];
  layout: Readonly<Record<string, unknown>>;
  config: Readonly<Record<string, unknown>>;
}

/** The content of a bundle as a figure; undefined if it is none. */
export function readFigure(content: unknown): PlotlyFigure | undefined {
  const { data, layout = {}, config = {} } = (content ?? {}) as Partial<PlotlyFigure>;
  if (!Array.isArray(data) || !isObject(layout) || !isObject(config)) return undefined;
  return { data, layout, config };
}

const usualHeight = 360;
const tallest = 1600;

/** In CSS pixels; known before anything is drawn, so that what follows never jumps. */
export function figureHeight({ layout }: PlotlyFigure): number {
  const { height } = layout;
  return typeof height === "number" && height > 0 ? Math.min(height, tallest) : usualHeight;
}

/**
 * The figure in the page's colours and type, where it says nothing of its own, as wide as the page. It is deeply copied:
 * Plotly writes into what it is given.
 */
export function themed({ data, layout, config }: PlotlyFigure, theme: Theme): PlotlyFigure {
  const ink = inks[theme];
  const own = structuredClone(layout) as Record<string, unknown>;
  const axis = { gridcolor: ink.grid, linecolor: ink.grid, zerolinecolor: ink.grid, tickfont: { color: ink.muted } };
  const axes = new Set(["xaxis", "yaxis", ...Object.keys(own).filter((key) => /^[xy]axis\d*$/.test(key))]);
  const under: Record<string, unknown> = {
    margin: { l: 56, r: 16, t: own.title ? 44 : 16, b: 44 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif', size: 12, color: ink.text },
    hoverlabel: { bgcolor: ink.surface, bordercolor: ink.grid, font: { color: ink.text } },
    legend: { bgcolor: "rgba(0,0,0,0)" },
    uirevision: "kept",
    ...Object.fromEntries([...axes].map((name) => [name, axis])),
  };
  const { width: _width, height: _height, template: _template, ...rest } = merge(under, own);
  return {
    data: structuredClone(data) as PlotlyTrace[],
    layout: { ...rest, autosize: true },
    config: { ...config, displaylogo: false, displayModeBar: false, responsive: false, showSendToCloud: false },
  };
}

function merge(under: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isObject(below) && isObject(value) ? merge(below, value) : value;
  }
  return merged;
}
