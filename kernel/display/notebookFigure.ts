import type { Figure } from "../../src/figures/figure.ts";
import { figurePlotly, type PlotlyFigure } from "../../src/figures/plotly.ts";
import { figureSvg } from "../../src/figures/svg/figure.ts";
import { figureText } from "../../src/figures/text.ts";
import type { MimeBundle } from "../cell/mimeBundle.ts";
import { displayMethod } from "./displayMethod.ts";
import type { FormatOptions } from "./formatter.ts";
import { rasterise } from "./rasterise.ts";

export interface NotebookFigureOptions {
  /** In pixels. */
  width?: number;
  /** PNG files of the images that it shows, by their numbers. */
  images?: readonly (Uint8Array | undefined)[];
}

/**
 * A figure as a notebook shows it: `text/html` holds a drawing that needs no script and no network, and so is the same in every
 * front end and in what nbconvert makes; `image/png` is for front ends that show images only, and the Plotly form for those
 * that have Plotly.
 */
export class NotebookFigure {
  readonly #figure: Figure;
  readonly #options: NotebookFigureOptions;

  constructor(figure: Figure, options: NotebookFigureOptions = {}) {
    this.#figure = figure;
    this.#options = options;
  }

  /** Figures beside each other in one. */
  static beside(figures: readonly NotebookFigure[]): NotebookFigure {
    const most = Math.max(0, ...figures.map(({ specification }) => specification.rows.length));
    const rows = Array.from({ length: most }, (_, row) =>
      figures.flatMap((each) => each.specification.rows[row] ?? []),
    );
    return new NotebookFigure({ rows, label: figures.map((each) => each.specification.label).join(", ") });
  }

  /** What it shows, as data. */
  get specification(): Figure {
    return this.#figure;
  }

  /** An SVG document. `paper` puts it on white, for an image that must stand alone. */
  svg({ paper = false } = {}): string {
    const { width, images = [] } = this.#options;
    const source = (image: number) => {
      const png = images[image];
      return png && `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
    };
    return figureSvg(this.#figure, { paper, images: source, ...(width === undefined ? {} : { width }) });
  }

  /** A PNG file, twice as large as it is shown. */
  png(): Promise<Uint8Array> {
    return rasterise(this.svg({ paper: true }));
  }

  /** `data`, `layout` and `config` for Plotly; undefined if there is no plot in it. */
  plotly(): PlotlyFigure | undefined {
    return figurePlotly(this.#figure);
  }

  text(): string {
    return figureText(this.#figure);
  }

  /** In all forms; a light one lacks the PNG file, which takes longest to make. */
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
