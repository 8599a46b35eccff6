/** A part of a figure: it draws itself as SVG, tells Plotly what it is, and says it in words. */
export interface Panel {
  /** How high it is at a width, in pixels. */
  height(width: number): number;
  /** SVG elements, with the origin at the panel's left top. */
  svg(width: number): string;
  /** As Plotly draws it; undefined for what is no plot. */
  plotly?(): PlotlyPart;
  /** One line or a few, for front ends that show text only. */
  text(): string;
}

/** What a panel adds to a Plotly figure: traces, and the axes that they are drawn on. */
export interface PlotlyPart {
  traces: Record<string, unknown>[];
  xaxis: Record<string, unknown>;
  yaxis: Record<string, unknown>;
}
