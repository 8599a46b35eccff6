import { cellColor } from "../colors.ts";
import { escapeHtml } from "../escape.ts";
import type { HeatPanel } from "../figure.ts";
import { formatNumber, shortNumber } from "../numbers.ts";
import { at, cut, svgText, textWidth } from "./text.ts";

const mostCells = 10_000;

export function heatHeight(panel: HeatPanel, width: number): number {
  return measure(panel, width).bottom + 6;
}

/** A matrix as coloured cells, with its numbers in them while there is room. */
export function heatSvg(panel: HeatPanel, width: number): string {
  const { title, values, rows, columns, end, signed } = panel;
  const { cell, left, top, high, count, bottom } = measure(panel, width);
  const parts = [svgText(0, 12, title, { size: 12, bold: true })];
  const digits = cell.width >= 34 && cell.height >= 16;
  const range = signed
    ? `blue −${formatNumber(end)}, pink ${formatNumber(end)}`
    : `dark 0, bright ${formatNumber(end)}`;
  if (!digits) parts.push(svgText(left, 28, range, { quiet: true, size: 10.5 }));
  const columnEvery = Math.ceil(15 / cell.width);
  const straight = columns?.every((each) => textWidth(each, 10.5) <= cell.width);
  columns?.slice(0, count.columns).forEach((name, column) => {
    if (column % columnEvery > 0) return;
    const middle = left + (column + 0.5) * cell.width;
    parts.push(
      straight
        ? svgText(middle, top - 5, name, { anchor: "middle", quiet: true, size: 10.5 })
        : svgText(middle + 3, top - 5, cut(name, high - 10, 10.5), { quiet: true, size: 10.5, rotate: -90 }),
    );
  });
  values.slice(0, count.rows).forEach((row, index) => {
    const y = top + index * cell.height;
    if (rows?.[index] !== undefined && (cell.height >= 9 || index % Math.ceil(11 / cell.height) === 0)) {
      const label = cut(rows[index], left - 8, 10.5);
      parts.push(svgText(left - 6, y + cell.height / 2 + 3.5, label, { anchor: "end", quiet: true, size: 10.5 }));
    }
    row.slice(0, count.columns).forEach((value, column) => {
      const x = left + column * cell.width;
      const place = `x="${at(x)}" y="${at(y)}" width="${at(cell.width + 0.3)}" height="${at(cell.height + 0.3)}"`;
      const label = `${rows?.[index] ?? index}, ${columns?.[column] ?? column}: ${formatNumber(value)}`;
      parts.push(`<rect ${place} fill="${cellColor(value, end, signed)}"><title>${escapeHtml(label)}</title></rect>`);
      if (!digits) return;
      const style = { anchor: "middle", size: 10, color: inkOn(value, end, signed) } as const;
      parts.push(svgText(x + cell.width / 2, y + cell.height / 2 + 3.5, shortNumber(value), style));
    });
  });
  const cutOff = values.length > count.rows || (values[0]?.length ?? 0) > count.columns;
  if (cutOff) parts.push(svgText(left, bottom, "cut off", { quiet: true, size: 10 }));
  return parts.join("");
}

function measure({ values, rows, columns }: HeatPanel, width: number) {
  const wide = Math.max(1, values[0]?.length ?? 1);
  const count = { columns: Math.min(wide, 200), rows: 0 };
  count.rows = Math.min(values.length, Math.floor(mostCells / count.columns));
  const left = rows ? Math.min(130, Math.max(...rows.map((name) => textWidth(name, 10.5))) + 10) : 0;
  const cellWidth = Math.min(46, (width - left - 4) / count.columns);
  const high = columns
    ? columns.every((name) => textWidth(name, 10.5) <= cellWidth)
      ? 16
      : Math.min(110, Math.max(...columns.map((name) => textWidth(name, 10.5))) + 12)
    : 4;
  const cell = { width: cellWidth, height: Math.min(24, Math.max(3, count.rows > 40 ? 320 / count.rows : 20)) };
  const top = 34 + high;
  return { cell, left, top, high, count, bottom: top + count.rows * cell.height + 12 };
}

/** Text that can be read on a cell. */
function inkOn(value: number, end: number, signed: boolean): string {
  const share = Math.min(1, Math.abs(value) / end);
  if (!Number.isFinite(value)) return "#fff";
  return signed ? (share > 0.55 ? "#fff" : "#23252b") : share > 0.62 ? "#23252b" : "#fff";
}
