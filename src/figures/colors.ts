export type Theme = "light" | "dark";
type Rgb = readonly [number, number, number];

/**
 * A colour by what it stands for, which each renderer draws as its background needs: a series by its number, a layer among
 * others, a meaning; or a colour of the caller's own.
 */
export type Color = { series: number } | { layer: number; of: number } | Meaning | { css: string };
type Meaning = "muted" | "accent" | "good" | "bad";
/** `both` where the page may be light or dark. */
export type Background = Theme | "both";

/** What plots are drawn with; the page's own colours are in `styles/tokens.css`. */
export const inks = {
  light: { text: "#23252b", muted: "#6a6d78", grid: "#ebebe7", surface: "#ffffff" },
  dark: { text: "#e9e9ee", muted: "#9b9ea9", grid: "#2a2d34", surface: "#1a1c21" },
} as const;

/** Series, distinguished on each background. */
const series: Record<Background, readonly string[]> = {
  light: ["#0f766e", "#7c3aed", "#c02666", "#2563c9", "#b4690e"],
  dark: ["#4cc9b8", "#b794f6", "#f06a9c", "#7ab0ff", "#f0b45a"],
  both: ["#12988a", "#9868e0", "#e0407c", "#4a86e8", "#de942a"],
};

const meanings: Record<Background, Record<Meaning, string>> = {
  light: { muted: "#6a6d78", accent: "#d6256a", good: "#1f8a54", bad: "#c8402f" },
  dark: { muted: "#9b9ea9", accent: "#ff6fa3", good: "#4cc38a", bad: "#ff8577" },
  both: { muted: "#808490", accent: "#e0407c", good: "#2b9a61", bad: "#dc4a3a" },
};

/** A colour as CSS has it. */
export function css(color: Color, background: Background): string {
  if (typeof color === "string") return meanings[background][color];
  if ("css" in color) return color.css;
  if ("layer" in color) return layerColor(color.layer, color.of, background);
  const all = series[background];
  return all[color.series % all.length]!;
}

/** The colours of so many lines: series as long as they can be distinguished, else a ramp. */
export function colorsOf(count: number): Color[] {
  const few = count <= series.both.length;
  return Array.from({ length: count }, (_, index) => (few ? { series: index } : { layer: index, of: count }));
}

/** Layers from the first (deep indigo) to the last (amber): ordered in lightness, distinguished without hue too. */
const layerStops: Record<Background, readonly Rgb[]> = {
  light: [
    [49, 46, 160],
    [128, 43, 168],
    [190, 58, 78],
    [214, 128, 30],
  ],
  dark: [
    [124, 138, 255],
    [186, 120, 240],
    [245, 128, 112],
    [250, 206, 90],
  ],
  both: [
    [84, 92, 214],
    [160, 80, 205],
    [218, 94, 96],
    [222, 148, 42],
  ],
};

/** Weights of attention, from none to all. */
const heatStops: readonly Rgb[] = [
  [13, 8, 60],
  [106, 20, 140],
  [203, 60, 105],
  [248, 150, 64],
  [250, 238, 110],
];

function layerColor(layer: number, count: number, background: Background): string {
  return rgb(mix(layerStops[background], count < 2 ? 0.4 : layer / (count - 1)));
}

/** The colour of a weight of attention, 0 to 1 of the scale, as red, green, blue. */
export function heatColor(share: number): Rgb {
  return mix(heatStops, share);
}

/** The heat scale as a CSS gradient, from bottom to top. */
export const heatGradient = `linear-gradient(to top, ${heatStops.map(rgb).join(", ")})`;

function mix(stops: readonly Rgb[], share: number): Rgb {
  const at = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const left = Math.min(stops.length - 2, Math.floor(at));
  const part = at - left;
  const [a, b] = [stops[left]!, stops[left + 1]!];
  return [0, 1, 2].map((channel) => Math.round(a[channel]! + (b[channel]! - a[channel]!) * part)) as unknown as Rgb;
}

function rgb([red, green, blue]: Rgb): string {
  return `rgb(${red}, ${green}, ${blue})`;
}

/** The colour of a cell of a heat map: over the heat scale, or from blue through white to pink where values have a sign. */
export function cellColor(value: number, end: number, signed: boolean): string {
  if (!Number.isFinite(value)) return "#808490";
  const share = Math.min(1, Math.abs(value) / end);
  if (!signed) return rgb(heatColor(share));
  const toward: Rgb = value < 0 ? [47, 107, 208] : [214, 37, 106];
  return rgb(mix([[244, 244, 244], toward], share));
}
