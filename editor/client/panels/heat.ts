import { prepare } from "../figures/canvas.ts";
import { heatColor } from "../figures/colors.ts";

/** A picture with what a word looks at laid over it, patch by patch. */
export interface Heat {
  picture: HTMLImageElement | undefined;
  shares: readonly number[];
  grid: { rows: number; columns: number };
  /** The share that has the last colour of the scale. */
  largest: number;
}

/** Draws a heat map over its picture: the picture in grey below, colour and opacity by share above. */
export function drawHeat(canvas: HTMLCanvasElement, size: number, { picture, shares, grid, largest }: Heat): void {
  const pen = prepare(canvas, size, size);
  if (picture?.complete && picture.naturalWidth > 0) {
    pen.imageSmoothingEnabled = size < picture.naturalWidth;
    pen.filter = "grayscale(0.85)";
    pen.drawImage(picture, 0, 0, size, size);
    pen.filter = "none";
  }
  const [width, height] = [size / grid.columns, size / grid.rows];
  for (let patch = 0; patch < grid.rows * grid.columns; patch++) {
    const share = largest > 0 ? (shares[patch] ?? 0) / largest : 0;
    const [red, green, blue] = heatColor(share);
    pen.fillStyle = `rgba(${red}, ${green}, ${blue}, ${0.3 + 0.48 * share})`;
    const [left, top] = [(patch % grid.columns) * width, Math.floor(patch / grid.columns) * height];
    pen.fillRect(left, top, width, height);
  }
}
