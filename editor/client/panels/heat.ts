import { heatColor } from "../../../src/figures/colors.ts";
import { prepare } from "../figures/canvas.ts";

/** An image with a token's attention laid over it, patch by patch. */
export interface Heat {
  image: HTMLImageElement | undefined;
  shares: readonly number[];
  grid: { rows: number; columns: number };
  /** The share that has the last colour of the scale. */
  end: number;
}

/**
 * Draws a heat map over its image. The patches are filled with the scale's colours, and the image's greys light and
 * darken them: both the shape and the weight can be read.
 */
export function drawHeat(canvas: HTMLCanvasElement, size: number, { image, shares, grid, end }: Heat): void {
  const pen = prepare(canvas, size, size);
  const [width, height] = [size / grid.columns, size / grid.rows];
  for (let patch = 0; patch < grid.rows * grid.columns; patch++) {
    const [red, green, blue] = heatColor((shares[patch] ?? 0) / end);
    pen.fillStyle = `rgb(${red}, ${green}, ${blue})`;
    pen.fillRect((patch % grid.columns) * width, Math.floor(patch / grid.columns) * height, width + 0.5, height + 0.5);
  }
  if (!image?.complete || image.naturalWidth === 0) return;
  pen.save();
  pen.filter = "grayscale(1)";
  pen.globalCompositeOperation = "soft-light";
  pen.globalAlpha = 0.85;
  pen.drawImage(image, 0, 0, size, size);
  pen.restore();
}
