import type { MimeBundle } from "../../cell/mimeBundle.ts";
import { displayMethod } from "../displayMethod.ts";
import type { FormatOptions } from "../formatter.ts";
import { escapeHtml, fontFamily } from "../html.ts";
import type { Panel } from "./panel.ts";
import { rasterise } from "./rasterise.ts";

export interface FigureOptions {
  /** Rows of panels; those of a row share its width. */
  rows: readonly (readonly Panel[])[];
  /** In pixels. */
  width?: number;
  /** What it shows, for those who cannot see it. */
  label?: string;
  /** Zooming in Plotly is kept as long as this stays the same. */
  revision?: string;
}

const gap = { x: 26, y: 14 } as const;

/**
 * Plots and pictures in rows, drawn by ourselves: `text/html` holds the drawing itself, which needs no script and no network
 * and so is the same in every notebook front end and in what nbconvert makes; `image/png` is for those that show pictures
 * only, and the Plotly form for those that have Plotly.
 */
export class Figure {
  readonly #options: FigureOptions;

  constructor(options: FigureOptions) {
    this.#options = options;
  }

  /** Figures beside each other in one. */
  static beside(figures: readonly Figure[]): Figure {
    const most = Math.max(0, ...figures.map(({ rows }) => rows.length));
    const rows = Array.from({ length: most }, (_, row) => figures.flatMap((figure) => figure.rows[row] ?? []));
    const label = figures.map((figure) => figure.#options.label ?? "").join(", ");
    return new Figure({ rows, label });
  }

  get rows(): FigureOptions["rows"] {
    return this.#options.rows;
  }

  /** An SVG document. `paper` puts it on white, for a picture that must stand alone. */
  svg({ paper = false } = {}): string {
    const { rows, width = 860, label = "" } = this.#options;
    const edge = paper ? 14 : 2;
    let y = edge;
    const parts: string[] = [];
    for (const row of rows) {
      const each = (width - 2 * edge - gap.x * (row.length - 1)) / Math.max(1, row.length);
      row.forEach((panel, index) => {
        parts.push(`<g transform="translate(${edge + index * (each + gap.x)} ${y})">${panel.svg(each)}</g>`);
      });
      y += Math.max(0, ...row.map((panel) => panel.height(each))) + gap.y;
    }
    const height = Math.ceil(y - gap.y + edge);
    const sheet = paper ? `<rect width="${width}" height="${height}" rx="8" fill="#ffffff"/>` : "";
    const style = `max-width: ${width}px; width: 100%; height: auto; display: block`;
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"` +
      ` aria-label="${escapeHtml(label)}" font-family="${fontFamily}"${paper ? ' color="#24262c"' : ""} style="${style}">${sheet}${parts.join("")}</svg>`
    );
  }

  /** A PNG file, twice as large as it is shown. */
  png(): Promise<Uint8Array> {
    return rasterise(this.svg({ paper: true }));
  }

  /** `data`, `layout` and `config` for Plotly; undefined if there is no plot in it. */
  plotly(): Record<string, unknown> | undefined {
    const grid = this.#options.rows
      .map((row) => row.flatMap((panel) => panel.plotly?.() ?? []))
      .filter((row) => row.length > 0);
    if (grid.length === 0) return undefined;
    const data: Record<string, unknown>[] = [];
    const axes: Record<string, unknown> = {};
    let count = 0;
    grid.forEach((row, rowIndex) => {
      const [bottom, top] = span(grid.length - 1 - rowIndex, grid.length, 0.16);
      row.forEach(({ traces, xaxis, yaxis }, column) => {
        count++;
        const suffix = count === 1 ? "" : String(count);
        const common = { gridcolor: "rgba(128,132,144,0.2)", zeroline: false, automargin: true };
        axes[`xaxis${suffix}`] = { ...common, ...xaxis, domain: span(column, row.length, 0.1), anchor: `y${suffix}` };
        axes[`yaxis${suffix}`] = { ...common, ...yaxis, domain: [bottom, top], anchor: `x${suffix}` };
        for (const trace of traces) data.push({ ...trace, xaxis: `x${suffix}`, yaxis: `y${suffix}` });
      });
    });
    const layout = {
      ...axes,
      height: 120 + 220 * grid.length,
      margin: { l: 56, r: 16, t: 36, b: 44 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: fontFamily, size: 12, color: "#808490" },
      showlegend: data.filter(({ type }) => type === "scatter").length <= 12,
      legend: { orientation: "h", y: 1.01, yanchor: "bottom", x: 0 }, // below, it would lie on the axis' title
      hovermode: "closest",
      uirevision: this.#options.revision ?? "figure",
    };
    return { data, layout, config: { responsive: true, displaylogo: false } };
  }

  text(): string {
    return this.#options.rows
      .flat()
      .map((panel) => panel.text())
      .filter((text) => text !== "")
      .join("\n");
  }

  /** In all forms; a light one lacks the picture, which takes longest to make. */
  async bundle({ light = false }: FormatOptions = {}): Promise<MimeBundle> {
    const plotly = this.plotly();
    return {
      data: {
        ...(plotly ? { "application/vnd.plotly.v1+json": plotly } : {}),
        "text/html": this.svg(),
        ...(light ? {} : { "image/png": Buffer.from(await this.png()).toString("base64") }),
        "text/plain": this.text(),
      },
    };
  }

  async [displayMethod](options?: FormatOptions): Promise<MimeBundle["data"]> {
    return (await this.bundle(options)).data;
  }
}

/** The place of one of `count` equal parts of 0 to 1, with gaps between. */
function span(index: number, count: number, between: number): [number, number] {
  const size = (1 - between * (count - 1)) / count;
  const start = index * (size + between);
  return [Number(start.toFixed(4)), Number((start + size).toFixed(4))];
}
