import type { Background } from "../colors.ts";
import { escapeHtml } from "../escape.ts";
import type { Figure, Panel } from "../figure.ts";
import { barsHeight, barsSpark, barsSvg } from "./bars.ts";
import { heatHeight, heatSvg } from "./heat.ts";
import { linesHeight, linesSpark, linesSvg } from "./lines.ts";
import { type ImageSource, mapsHeight, mapsSvg } from "./maps.ts";
import { statusHeight, statusSvg } from "./status.ts";

export interface SvgOptions {
  /** In pixels. */
  width?: number;
  background?: Background;
  /** Puts it on white, for an image that must stand alone. */
  paper?: boolean;
  images?: ImageSource;
}

const gap = { x: 26, y: 14 } as const;
export const fontFamily = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif";

/** A figure as an SVG document that needs no script and nothing from a network. */
export function figureSvg({ rows, label }: Figure, options: SvgOptions = {}): string {
  const { width = 860, paper = false, background = paper ? "light" : "both", images = () => undefined } = options;
  const edge = paper ? 14 : 2;
  let y = edge;
  const parts: string[] = [];
  for (const row of rows) {
    const each = (width - 2 * edge - gap.x * (row.length - 1)) / Math.max(1, row.length);
    row.forEach((panel, index) => {
      const drawn = panelSvg(panel, each, background, images);
      parts.push(`<g transform="translate(${edge + index * (each + gap.x)} ${y})">${drawn}</g>`);
    });
    y += Math.max(0, ...row.map((panel) => panelHeight(panel, each))) + gap.y;
  }
  const height = Math.ceil(y - gap.y + edge);
  const sheet = paper ? `<rect width="${width}" height="${height}" rx="8" fill="#ffffff"/>` : "";
  const style = `max-width: ${width}px; width: 100%; height: auto; display: block`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"` +
    ` aria-label="${escapeHtml(label)}" font-family="${fontFamily}"${paper ? ' color="#24262c"' : ""} style="${style}">${sheet}${parts.join("")}</svg>`
  );
}

/** What a panel shows, without axes or text: for a card on the canvas. Empty for a panel that has no such form. */
export function sparkSvg(panel: Panel, width: number, height: number, background: Background): string {
  const drawn =
    panel.kind === "lines"
      ? linesSpark(panel, width, height, background)
      : panel.kind === "bars"
        ? barsSpark(panel, width, height, background)
        : "";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" aria-hidden="true">${drawn}</svg>`;
}

function panelSvg(panel: Panel, width: number, background: Background, images: ImageSource): string {
  switch (panel.kind) {
    case "lines":
      return linesSvg(panel, width, background);
    case "bars":
      return barsSvg(panel, width, background);
    case "heat":
      return heatSvg(panel, width);
    case "maps":
      return mapsSvg(panel, width, background, images);
    case "status":
      return statusSvg(panel, width, background);
  }
}

function panelHeight(panel: Panel, width: number): number {
  switch (panel.kind) {
    case "lines":
      return linesHeight(panel);
    case "bars":
      return barsHeight(panel);
    case "heat":
      return heatHeight(panel, width);
    case "maps":
      return mapsHeight(panel, width);
    case "status":
      return statusHeight(panel);
  }
}
