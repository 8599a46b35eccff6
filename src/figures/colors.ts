export type Theme = "light" | "dark";
type Rgb = readonly [number, number, number];

/** What plots and canvases are drawn with; the page's own colours are in `styles/tokens.css`. */
export const inks = {
  light: { text: "#23252b", muted: "#6a6d78", grid: "#ebebe7", surface: "#ffffff", series: "#0f766e" },
  dark: { text: "#e9e9ee", muted: "#9b9ea9", grid: "#2a2d34", surface: "#1a1c21", series: "#4cc9b8" },
} as const;

/** Layers from the first (deep indigo) to the last (amber): ordered in lightness, told apart without hue too. */
const layerStops: Record<Theme | "both", readonly Rgb[]> = {
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

/** Shares of attention, from none to all. */
const heatStops: readonly Rgb[] = [
  [13, 8, 60],
  [106, 20, 140],
  [203, 60, 105],
  [248, 150, 64],
  [250, 238, 110],
];

/** The colour of a layer among `count`; `both` where the page may be light or dark. */
export function layerColor(layer: number, count: number, theme: Theme | "both"): string {
  return css(mix(layerStops[theme], count < 2 ? 0.4 : layer / (count - 1)));
}

/** The colour of a share of attention, 0 to 1 of the scale, as red, green, blue. */
export function heatColor(share: number): Rgb {
  return mix(heatStops, share);
}

/** The heat scale as a CSS gradient, from bottom to top. */
export const heatGradient = `linear-gradient(to top, ${heatStops.map(css).join(", ")})`;

function mix(stops: readonly Rgb[], share: number): Rgb {
  const at = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const left = Math.min(stops.length - 2, Math.floor(at));
  const part = at - left;
  const [a, b] = [stops[left]!, stops[left + 1]!];
  return [0, 1, 2].map((channel) => Math.round(a[channel]! + (b[channel]! - a[channel]!) * part)) as unknown as Rgb;
}

function css([red, green, blue]: Rgb): string {
  return `rgb(${red}, ${green}, ${blue})`;
}
