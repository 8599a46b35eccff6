import { escapeHtml } from "../../src/figures/escape.ts";
import { fontFamily } from "../../src/figures/svg/figure.ts";

export { escapeHtml, fontFamily };

/**
 * Colours that can be read on a light and on a dark page alike, for nothing tells a cell's output which it is on: the
 * paper's blue for what is frozen and purple for what is trained, and greys for what steps back.
 */
export const inks = {
  muted: "#808490",
  line: "rgba(128, 132, 144, 0.35)",
  faint: "rgba(128, 132, 144, 0.12)",
  frozen: "#4a86e8",
  frozenFill: "rgba(74, 134, 232, 0.13)",
  trained: "#9868e0",
  trainedFill: "rgba(152, 104, 224, 0.14)",
  pink: "#e0407c",
  bad: "#dc4a3a",
  good: "#2b9a61",
} as const;

const cellStyle = `padding: 3px 12px 3px 0; border-bottom: 1px solid ${inks.line}; text-align: `;

export interface HtmlColumn {
  title: string;
  align?: "left" | "right";
}

/**
 * A table. Titles are text; cells are HTML already.
 * @param rows one list a row, in the columns' order
 */
export function htmlTable(columns: readonly HtmlColumn[], rows: readonly (readonly string[])[]): string {
  const cell = (tag: "th" | "td", html: string, { align = "left" }: HtmlColumn) =>
    `<${tag} style="${cellStyle}${align}; vertical-align: middle${align === "right" ? "; font-variant-numeric: tabular-nums" : ""}">${html}</${tag}>`;
  const head = columns.map((column) => cell("th", escapeHtml(column.title), column)).join("");
  const body = rows.map((row) => `<tr>${row.map((html, index) => cell("td", html, columns[index]!)).join("")}</tr>`);
  return `<table style="border-collapse: collapse; font-size: 13px; margin: 4px 0"><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>`;
}

/** A line of quiet words under or over something. */
export function note(html: string): string {
  return `<div style="color: ${inks.muted}; font-size: 12px">${html}</div>`;
}

/** A block of HTML of ours, in our type. */
export function box(html: string): string {
  return `<div style="font-family: ${fontFamily}; font-size: 13px; line-height: 1.45; max-width: 100%; overflow-x: auto">${html}</div>`;
}
