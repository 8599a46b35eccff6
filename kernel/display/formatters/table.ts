import { inspect } from "node:util";
import { formatNumber } from "../../../src/figures/numbers.ts";
import type { Formatter } from "../formatter.ts";
import { box, escapeHtml, htmlTable, inks, note } from "../html.ts";
import { imageHtml, isImage } from "./image.ts";

type Row = Record<string, unknown>;

const most = { rows: 200, columns: 24, text: 400 } as const;

/** A list of flat records, as a table; images in it are shown. */
export const tableFormatter: Formatter<readonly Row[]> = {
  accepts: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.slice(0, most.rows).every(isFlat) &&
    columnsOf(value).length <= most.columns,
  format: async (rows) => {
    const columns = columnsOf(rows);
    const shown = rows.slice(0, most.rows);
    const numeric = columns.map((column) =>
      shown.every((row) => row[column] == null || typeof row[column] === "number"),
    );
    const cells = await Promise.all(shown.map((row) => Promise.all(columns.map((column) => cellHtml(row[column])))));
    const more = rows.length > most.rows ? note(`and ${rows.length - most.rows} more rows`) : "";
    const heads = columns.map((title, index) => ({
      title,
      align: numeric[index] ? ("right" as const) : ("left" as const),
    }));
    return { data: { "text/html": box(htmlTable(heads, cells) + more), "text/plain": textOf(rows, columns) } };
  },
};

function isFlat(value: unknown): value is Row {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (prototype !== Object.prototype && prototype !== null) return false;
  const values = Object.values(value);
  return values.length > 0 && values.every((each) => each === null || typeof each !== "object" || isImage(each));
}

function columnsOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.slice(0, most.rows).flatMap((row) => Object.keys(row)))];
}

async function cellHtml(value: unknown): Promise<string> {
  if (isImage(value)) return imageHtml(value, 48);
  if (value === undefined || value === null) return `<span style="color: ${inks.muted}">–</span>`;
  return escapeHtml(cellText(value));
}

function cellText(value: unknown): string {
  if (value === undefined || value === null) return "–";
  if (typeof value === "number") {
    const text = Number.isInteger(value) ? value.toLocaleString("en-US") : formatNumber(value);
    return Number.isFinite(value) ? text.replace(/^-/, "−") : String(value);
  }
  if (isImage(value)) return value.label ?? "image";
  const text = typeof value === "string" ? value : inspect(value, { depth: 0, colors: false });
  return text.length > most.text ? `${text.slice(0, most.text)}…` : text;
}

function textOf(rows: readonly Row[], columns: readonly string[]): string {
  const shown = rows
    .slice(0, 50)
    .map((row) => columns.map((column) => cellText(row[column]).replace(/\s+/g, " ").slice(0, 40)));
  const widths = columns.map((column, index) => Math.max(column.length, ...shown.map((row) => row[index]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => cell.padEnd(widths[index]!))
      .join("  ")
      .trimEnd();
  const more = rows.length > 50 ? [`and ${rows.length - 50} more rows`] : [];
  return [line(columns), ...shown.map(line), ...more].join("\n");
}
