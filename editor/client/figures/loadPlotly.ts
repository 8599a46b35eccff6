export type Plotly = typeof import("plotly.js-cartesian-dist-min").default;

let loading: Promise<Plotly> | undefined;

/** Plotly is larger than the page itself, so it comes when the first plot is drawn. */
export function loadPlotly(): Promise<Plotly> {
  loading ??= import("plotly.js-cartesian-dist-min").then((module) => module.default);
  return loading;
}
