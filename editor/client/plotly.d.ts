/** The part of Plotly that the panels use; the package brings no types. */
declare module "plotly.js-cartesian-dist-min" {
  export interface PlotlyTrace {
    x: readonly number[];
    y: readonly (number | null)[];
    [option: string]: unknown;
  }
  interface Plotly {
    react(
      element: HTMLElement,
      traces: readonly PlotlyTrace[],
      layout: Record<string, unknown>,
      config: Record<string, unknown>,
    ): Promise<unknown>;
    purge(element: HTMLElement): void;
    Plots: { resize(element: HTMLElement): void };
  }
  const plotly: Plotly;
  export default plotly;
}
