import type { Color } from "./colors.ts";

/**
 * The specification of a plot: data alone, so that it can be sent, stored and compared. Whoever makes one says what is shown;
 * how it is drawn is up to a renderer: `plotly.ts` where there is Plotly (the page, and notebooks that show it), `svg/` elsewhere in
 * notebooks and files, `text.ts` in a terminal.
 */
export interface Figure {
  /** Rows of panels; those of a row share its width. */
  rows: readonly (readonly Panel[])[];
  /** What it shows, for those who cannot see it. */
  label: string;
  /** Zooming is kept as long as this stays the same. */
  revision?: string;
}

export type Panel = LinesPanel | BarsPanel | HeatPanel | MapsPanel | StatusPanel;

export interface Axis {
  /** What it shows and its unit: `loss (nats per token)`. */
  title: string;
  range: readonly [number, number];
  log: boolean;
}

/** Lines over an axis. */
export interface LinesPanel {
  kind: "lines";
  title: string;
  x: Axis;
  y: Axis;
  lines: readonly Line[];
  /** Where a value is not finite. */
  marks: readonly Mark[];
  /** What cannot be seen in the plot: values that its axes cannot show. */
  notes: readonly string[];
  /** The number that matters now. */
  readout?: Readout;
  legend: readonly LegendEntry[];
  /** In pixels, where a renderer has no height of its own. */
  height: number;
}

export interface Line {
  name: string;
  x: readonly number[];
  /** null is a gap. */
  y: readonly (number | null)[];
  color: Color;
  width: number;
  opacity: number;
  /** Lengths of strokes and gaps in pixels; none for a line that is drawn through. */
  dash: readonly number[];
}

export interface Mark {
  line: string;
  x: number;
  value: "NaN" | "Infinity" | "-Infinity";
  /** `loss is NaN at step 12`. */
  label: string;
}

export interface Readout {
  value: string;
  /** What it is: `nats per token, smoothed`. */
  label: string;
}

/** A line of the legend: a coloured square for each colour, or a stroke where there is a dash. */
export interface LegendEntry {
  label: string;
  colors: readonly Color[];
  dash?: readonly number[];
  opacity?: number;
}

/** Named values side by side: probabilities of tokens, sizes of parts, gates. */
export interface BarsPanel {
  kind: "bars";
  title: string;
  bars: readonly Bar[];
  /** Where the scale ends; it begins at 0. */
  end: number;
}

export interface Bar {
  name: string;
  /** 0 or more, or not finite. */
  value: number;
  color: Color;
  /** Drawn as an outline, to tell two kinds apart. */
  outline?: boolean;
}

/** A matrix as coloured cells. */
export interface HeatPanel {
  kind: "heat";
  title: string;
  /** [rows][columns]; may hold values that are not finite. */
  values: readonly (readonly number[])[];
  rows?: readonly string[];
  columns?: readonly string[];
  /** Where the scale ends: from 0, or from the negative of it where it is signed. */
  end: number;
  signed: boolean;
}

/** Images, each followed by heat maps over it: what each token of a caption attends to. */
export interface MapsPanel {
  kind: "maps";
  title: string;
  /** Which step and layer: `step 100, mean over 4 layers`. */
  about: string;
  grid: { rows: number; columns: number };
  images: readonly MapsImage[];
}

export interface MapsImage {
  /** Its number, by which a renderer is given the image file. */
  image: number;
  label: string;
  /** Whether the caption is the label. */
  right: boolean;
  /** The value that has the last colour of the scale. */
  end: number;
  /** A heat map for each token, [patches]. */
  maps: readonly { token: string; weights: readonly number[] }[];
}

/** How far a run is. */
export interface StatusPanel {
  kind: "status";
  name: string;
  color: Color;
  /** 0 to 1. */
  share: number;
  failed: boolean;
  lines: readonly string[];
}
