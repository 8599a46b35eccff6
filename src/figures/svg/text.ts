import { escapeHtml } from "../escape.ts";

export interface TextStyle {
  size?: number;
  anchor?: "start" | "middle" | "end";
  bold?: boolean;
  /** Less prominent than other text. */
  quiet?: boolean;
  color?: string;
  rotate?: number;
}

/** Text in a drawing. Without a colour it has that of the page around it, so that it can be read on light and dark. */
export function svgText(x: number, y: number, text: string, style: TextStyle = {}): string {
  const { size = 11, anchor = "start", bold, quiet, color = "currentColor", rotate } = style;
  const turned = rotate === undefined ? "" : ` transform="rotate(${rotate} ${at(x)} ${at(y)})"`;
  return (
    `<text x="${at(x)}" y="${at(y)}" font-size="${size}" text-anchor="${anchor}" fill="${color}"` +
    `${quiet ? ' fill-opacity="0.68"' : ""}${bold ? ' font-weight="600"' : ""}${turned}>${escapeHtml(text)}</text>`
  );
}

/** About how wide a text is, in pixels: enough to put things beside each other. */
export function textWidth(text: string, size = 11): number {
  return [...text].length * size * 0.58;
}

/** Cuts a text that would be wider than `width`. */
export function cut(text: string, width: number, size = 11): string {
  const most = Math.max(1, Math.floor(width / (size * 0.58)));
  const signs = [...text];
  return signs.length <= most ? text : `${signs.slice(0, most - 1).join("")}…`;
}

/** A coordinate in as few digits as can be seen. */
export function at(value: number): string {
  return String(Math.round(value * 100) / 100);
}
