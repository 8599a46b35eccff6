import { heatColor } from "../../../src/figures/colors.ts";
import { formatNumber } from "../../../src/figures/numbers.ts";
import { escapeHtml } from "../html.ts";
import type { Panel, PlotlyPart } from "./panel.ts";
import { at, cut, svgText, textWidth } from "./svgText.ts";

export interface HeatPanelOptions {
  title: string;
  /** [rows][columns]. */
  values: readonly (readonly number[])[];
  /** Names of the rows and columns, where they have any. */
  rows?: readonly string[];
  columns?: readonly string[];
  /** Where the scale ends: from 0, or from the negative of it where values are below 0. The largest size unless told. */
  end?: number;
}

const mostCells = 10_000;

/** A matrix as coloured cells, with its numbers in them while there is room. */
export class HeatPanel implements Panel {
  readonly #options: HeatPanelOptions;
  readonly #end: number;
  readonly #signed: boolean;

  constructor(options: HeatPanelOptions) {
    this.#options = options;
    const all = options.values.flat().filter(Number.isFinite);
    this.#signed = all.some((value) => value < 0);
    this.#end = options.end ?? (all.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1);
  }

  height(width: number): number {
    return this.#measure(width).bottom + 6;
  }

  svg(width: number): string {
    const { title, values, rows, columns } = this.#options;
    const { cell, left, top, high, count } = this.#measure(width);
    const parts = [svgText(0, 12, title, { size: 12, bold: true })];
    const digits = cell.width >= 34 && cell.height >= 16;
    const range = `dark 0, bright ${formatNumber(this.#end)}`;
    const signedRange = `blue −${formatNumber(this.#end)}, pink ${formatNumber(this.#end)}`;
    if (!digits) parts.push(svgText(left, 28, this.#signed ? signedRange : range, { quiet: true, size: 10.5 }));
    const columnEvery = Math.ceil(15 / cell.width);
    columns?.slice(0, count.columns).forEach((name, column) => {
      if (column % columnEvery > 0) return;
      const middle = left + (column + 0.5) * cell.width;
      const straight = columns.every((each) => textWidth(each, 10.5) <= cell.width);
      parts.push(
        straight
          ? svgText(middle, top - 5, name, { anchor: "middle", quiet: true, size: 10.5 })
          : svgText(middle + 3, top - 5, cut(name, high - 10, 10.5), { quiet: true, size: 10.5, rotate: -90 }),
      );
    });
    values.slice(0, count.rows).forEach((row, index) => {
      const y = top + index * cell.height;
      if (rows?.[index] !== undefined && (cell.height >= 9 || index % Math.ceil(11 / cell.height) === 0))
        parts.push(
          svgText(left - 6, y + cell.height / 2 + 3.5, cut(rows[index], left - 8, 10.5), {
            anchor: "end",
            quiet: true,
            size: 10.5,
          }),
        );
      row.slice(0, count.columns).forEach((value, column) => {
        const x = left + column * cell.width;
        const place = `x="${at(x)}" y="${at(y)}" width="${at(cell.width + 0.3)}" height="${at(cell.height + 0.3)}"`;
        const label = `${rows?.[index] ?? index}, ${columns?.[column] ?? column}: ${formatNumber(value)}`;
        parts.push(`<rect ${place} fill="${this.#color(value)}"><title>${escapeHtml(label)}</title></rect>`);
        if (digits)
          parts.push(
            svgText(x + cell.width / 2, y + cell.height / 2 + 3.5, shortNumber(value), {
              anchor: "middle",
              size: 10,
              color: this.#inkOn(value),
            }),
          );
      });
    });
    const cutOff = values.length > count.rows || (values[0]?.length ?? 0) > count.columns;
    if (cutOff) parts.push(svgText(left, this.#measure(width).bottom, "cut off", { quiet: true, size: 10 }));
    return parts.join("");
  }

  plotly(): PlotlyPart {
    const { values, rows, columns } = this.#options;
    const z = values.map((row) => row.map((value) => Number(value.toPrecision(4))));
    const stops = Array.from({ length: 9 }, (_, index) => index / 8);
    const colorscale = stops.map((stop) => [stop, this.#color((this.#signed ? 2 * stop - 1 : stop) * this.#end)]);
    return {
      traces: [
        {
          type: "heatmap",
          z,
          ...(rows ? { y: rows.map((name, index) => `${index} ${name}`) } : {}),
          ...(columns ? { x: columns.map((name, index) => `${index} ${name}`) } : {}),
          zmin: this.#signed ? -this.#end : 0,
          zmax: this.#end,
          colorscale,
        },
      ],
      xaxis: { side: "top" },
      yaxis: { autorange: "reversed" },
    };
  }

  text(): string {
    const { title, values, rows } = this.#options;
    const lines = values.slice(0, 24).map((row, index) => {
      const numbers = row.slice(0, 16).map((value) => shortNumber(value).padStart(6));
      return `  ${(rows?.[index] ?? "").padEnd(12)}${numbers.join(" ")}${row.length > 16 ? " ..." : ""}`;
    });
    return [title, ...lines, ...(values.length > 24 ? [`  and ${values.length - 24} more rows`] : [])].join("\n");
  }

  #measure(width: number) {
    const { values, rows, columns } = this.#options;
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

  #color(value: number): string {
    if (!Number.isFinite(value)) return "#808490";
    const share = Math.min(1, Math.abs(value) / this.#end);
    if (!this.#signed) return `rgb(${heatColor(share).join(",")})`;
    const [red, green, blue] = value < 0 ? [47, 107, 208] : [214, 37, 106];
    const mix = (to: number) => Math.round(244 + (to - 244) * share);
    return `rgb(${mix(red)},${mix(green)},${mix(blue)})`;
  }

  #inkOn(value: number): string {
    const share = Math.min(1, Math.abs(value) / this.#end);
    return this.#signed ? (share > 0.55 ? "#fff" : "#23252b") : share > 0.62 ? "#23252b" : "#fff";
  }
}

/** A number in a cell: two digits that matter. */
function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1000) return String(value).replace("-", "−");
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.01 || size >= 1000)) return value.toExponential(0).replace("-", "−");
  return value.toFixed(2).replace("-", "−");
}
