import { type Background, cellColor, css, heatColor, inks } from "./colors.ts";
import type { Axis, BarsPanel, Figure, HeatPanel, LinesPanel, MapsPanel, Panel } from "./figure.ts";
import { linearTicks, logTicks } from "./ticks.ts";

type Data = Record<string, unknown>;

/** What Plotly draws: data alone, as `Plotly.react` takes it and as notebooks store it. */
export interface PlotlyFigure {
  data: Data[];
  layout: Data;
  config: Data;
}

/** What a panel adds to a Plotly figure: traces, and the axes that they are drawn on. */
interface Part {
  traces: Data[];
  xaxis: Data;
  yaxis: Data;
}

const config = { responsive: true, displaylogo: false } as const;

/** A figure for Plotly; undefined if there is no plot in it. */
export function figurePlotly(figure: Figure, background: Background = "both"): PlotlyFigure | undefined {
  const grid = figure.rows
    .map((row) => row.flatMap((panel) => partOf(panel, background) ?? []))
    .filter((row) => row.length > 0);
  if (grid.length === 0) return undefined;
  const data: Data[] = [];
  const axes: Data = {};
  let count = 0;
  grid.forEach((row, rowIndex) => {
    const [bottom, top] = span(grid.length - 1 - rowIndex, grid.length, 0.16);
    row.forEach(({ traces, xaxis, yaxis }, column) => {
      count++;
      const suffix = count === 1 ? "" : String(count);
      const common = { gridcolor: "rgba(128,132,144,0.2)", zeroline: false, automargin: true };
      axes[`xaxis${suffix}`] = { ...common, ...xaxis, domain: span(column, row.length, 0.1), anchor: `y${suffix}` };
      axes[`yaxis${suffix}`] = { ...common, ...yaxis, domain: [bottom, top], anchor: `x${suffix}` };
      for (const trace of traces) data.push({ ...trace, xaxis: `x${suffix}`, yaxis: `y${suffix}` });
    });
  });
  const layout = {
    ...axes,
    height: 120 + 220 * grid.length,
    margin: { l: 56, r: 16, t: 36, b: 44 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", size: 12, color: "#808490" },
    showlegend: data.filter(({ type }) => type === "scatter").length <= 12,
    legend: { orientation: "h", y: 1.01, yanchor: "bottom", x: 0 }, // below, it would lie on the axis' title
    hovermode: "closest",
    uirevision: figure.revision ?? "figure",
  };
  return { data, layout, config };
}

/**
 * One panel as large as its place in the page, in the page's colours; its head, legend and notes are the page's own.
 * @returns undefined for what is no plot
 */
export function panelPlotly(panel: Panel, theme: "light" | "dark", revision: string): PlotlyFigure | undefined {
  const part = partOf(panel, theme);
  if (!part) return undefined;
  const ink = inks[theme];
  const axis = ({ title, ...rest }: Data) => ({
    gridcolor: ink.grid,
    linecolor: ink.grid,
    zeroline: false,
    automargin: true,
    tickfont: { size: 11, color: ink.muted },
    title: { ...(title as Data), standoff: 6, font: { size: 11.5, color: ink.muted } },
    ...rest,
  });
  /** The line that follows the pointer. */
  const spike = { showspikes: panel.kind === "lines", spikethickness: 1, spikedash: "solid", spikecolor: ink.muted };
  const layout = {
    autosize: true,
    margin: { l: 50, r: 10, t: 6, b: 38 },
    // Plotly draws the line at the pointer on a wider one of this colour: what is transparent counts as white.
    paper_bgcolor: ink.surface,
    plot_bgcolor: ink.surface,
    font: { family: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif', color: ink.text },
    xaxis: { ...axis(part.xaxis), ...spike },
    yaxis: axis(part.yaxis),
    showlegend: false,
    hovermode: panel.kind === "lines" ? "x unified" : "closest",
    hoverlabel: { bgcolor: ink.surface, bordercolor: ink.grid, font: { size: 11, color: ink.text } },
    dragmode: "zoom",
    uirevision: revision,
    datarevision: Math.random(),
  };
  return {
    data: part.traces,
    layout,
    config: { displayModeBar: false, responsive: false, doubleClick: "reset", showTips: false },
  };
}

function partOf(panel: Panel, background: Background): Part | undefined {
  switch (panel.kind) {
    case "lines":
      return linesPart(panel, background);
    case "bars":
      return barsPart(panel, background);
    case "heat":
      return heatPart(panel);
    case "maps":
      return mapsPart(panel);
    case "status":
      return undefined;
  }
}

function linesPart({ x, y, lines, marks }: LinesPanel, background: Background): Part {
  const traces: Data[] = lines.map(({ name, x: places, y: values, color, width, opacity, dash }) => ({
    type: "scatter",
    mode: isSparse(values) ? "lines+markers" : "lines",
    marker: { size: 4 },
    name,
    x: places,
    y: values,
    opacity,
    connectgaps: false,
    line: { color: css(color, background), width, dash: dash.map((length) => `${length}px`).join(",") || "solid" },
    hovertemplate: "%{y:.4~g}",
  }));
  if (marks.length > 0) {
    traces.push({
      type: "scatter",
      mode: "markers",
      name: "not finite",
      x: marks.map((mark) => mark.x),
      y: marks.map(({ value }) => y.range[value === "Infinity" ? 1 : 0]),
      text: marks.map(({ label }) => label),
      hovertemplate: "%{text}<extra></extra>",
      cliponaxis: false,
      marker: {
        size: 8,
        color: css("bad", background),
        symbol: marks.map(({ value }) => symbols[value]),
        line: { width: 2, color: css("bad", background) },
      },
    });
  }
  return { traces, xaxis: axisOf(x), yaxis: axisOf(y) };
}

const symbols = { NaN: "x-thin", Infinity: "triangle-up", "-Infinity": "triangle-down" } as const;

/** Whether a line has a value alone between gaps, which no line is drawn to. */
function isSparse(values: readonly (number | null)[]): boolean {
  return values.some(
    (value, at) => value !== null && (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null,
  );
}

function axisOf({ title, range, log }: Axis): Data {
  const ticks = log ? { tickvals: logTicks(range) } : { nticks: Math.max(3, linearTicks(range, 5).length) };
  return {
    title: { text: title },
    type: log ? "log" : "linear",
    range: log ? range.map((value) => Math.log10(value)) : [...range],
    separatethousands: true,
    ...ticks,
  };
}

function barsPart({ title, bars, end }: BarsPanel, background: Background): Part {
  const y = bars.map(({ name }) => name);
  const x = bars.map(({ value }) => (Number.isFinite(value) ? value : null));
  const marker = { color: bars.map(({ color }) => css(color, background)) };
  return {
    traces: [
      { type: "bar", orientation: "h", x, y, marker, name: title, hovertemplate: "%{y}: %{x:.4~g}<extra></extra>" },
    ],
    xaxis: { title: { text: title }, range: [0, end] },
    yaxis: { autorange: "reversed", title: { text: "" } },
  };
}

function heatPart({ values, rows, columns, end, signed }: HeatPanel): Part {
  const z = values.map((row) => row.map((value) => (Number.isFinite(value) ? Number(value.toPrecision(4)) : null)));
  const stops = Array.from({ length: 9 }, (_, index) => index / 8);
  const colorscale = stops.map((stop) => [stop, cellColor((signed ? 2 * stop - 1 : stop) * end, end, signed)]);
  return {
    traces: [
      {
        type: "heatmap",
        z,
        ...(rows ? { y: distinct(rows) } : {}),
        ...(columns ? { x: distinct(columns) } : {}),
        zmin: signed ? -end : 0,
        zmax: end,
        colorscale,
      },
    ],
    xaxis: { side: "top", title: { text: "" } },
    yaxis: { autorange: "reversed", title: { text: "" } },
  };
}

/** Names as categories of an axis, where equal ones would be one: these are numbered. A number alone would be a place. */
function distinct(names: readonly string[]): string[] {
  const isPlain = new Set(names).size === names.length && names.every((name) => !/^[\d.+-]/.test(name));
  return isPlain ? [...names] : names.map((name, index) => `${index} ${name}`);
}

/** All maps in one: a row of tiles for each image, a gap between tiles. */
function mapsPart({ grid: { rows, columns }, images }: MapsPanel): Part {
  const z: (number | null)[][] = [];
  const labels = { x: [] as number[], y: [] as number[], text: [] as string[] };
  const names: { at: number; label: string }[] = [];
  const longest = Math.max(1, ...images.map(({ maps }) => maps.length));
  for (const { label, maps } of images) {
    names.push({ at: z.length + (rows - 1) / 2, label });
    maps.forEach(({ token }, place) => {
      labels.x.push(place * (columns + 1) + (columns - 1) / 2);
      labels.y.push(z.length + rows);
      labels.text.push(token);
    });
    for (let row = 0; row < rows; row++) {
      z.push(
        Array.from({ length: longest * (columns + 1) }, (_, index) => {
          const weight = maps[Math.floor(index / (columns + 1))]?.weights[row * columns + (index % (columns + 1))];
          return index % (columns + 1) < columns && weight !== undefined ? Number(weight.toPrecision(3)) : null;
        }),
      );
    }
    z.push(new Array<null>(longest * (columns + 1)).fill(null));
  }
  const colorscale = [0, 0.25, 0.5, 0.75, 1].map((stop) => [stop, `rgb(${heatColor(stop).join(",")})`]);
  const colorbar = { title: { text: "attention" } };
  return {
    traces: [
      { type: "heatmap", z, zmin: 0, colorscale, hoverongaps: false, colorbar },
      { type: "scatter", mode: "text", ...labels, showlegend: false, hoverinfo: "skip" },
    ],
    xaxis: { showticklabels: false, showgrid: false, title: { text: "" } },
    yaxis: {
      autorange: "reversed",
      showgrid: false,
      title: { text: "" },
      tickvals: names.map((name) => name.at),
      ticktext: names.map(({ label }) => label),
    },
  };
}

/** The part of one of `count` equal parts of 0 to 1, with gaps between. */
function span(index: number, count: number, between: number): [number, number] {
  const size = (1 - between * (count - 1)) / count;
  const start = index * (size + between);
  return [Number(start.toFixed(4)), Number((start + size).toFixed(4))];
}
