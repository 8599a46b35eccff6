import { heatColor } from "../../../src/figures/colors.ts";
import { prepare } from "../figures/canvas.ts";

/** An image with a token's attention laid over it, patch by patch. */
export interface Heat {
  image: HTMLImageElement | undefined;
  shares: readonly number[];
  grid: { rows: number; columns: number };
  /** The share that has the last colour of the scale. */
  end: number;
  /** Colours run into each other from patch to patch. */
  smooth: boolean;
}

/**
 * Draws a heat map over its image. The patches are filled with the scale's colours, and the image's greys light and
 * darken them: both the shape and the weight can be read.
 */
export function drawHeat(canvas: HTMLCanvasElement, size: number, { image, shares, grid, end, smooth }: Heat): void {
  const pen = prepare(canvas, size, size);
  pen.imageSmoothingEnabled = smooth;
  pen.imageSmoothingQuality = "high";
  pen.drawImage(patchColors(shares, grid, end), 0, 0, size, size);
  pen.imageSmoothingEnabled = true;
  if (!image?.complete || image.naturalWidth === 0) return;
  pen.save();
  pen.filter = "grayscale(1)";
  pen.globalCompositeOperation = "soft-light";
  pen.globalAlpha = 0.85;
  pen.drawImage(image, 0, 0, size, size);
  pen.restore();
}

/** A canvas with a pixel for each patch. */
function patchColors(shares: readonly number[], { rows, columns }: Heat["grid"], end: number): HTMLCanvasElement {
  const patches = document.createElement("canvas");
  Object.assign(patches, { width: columns, height: rows });
  const pixels = new ImageData(columns, rows);
  for (let patch = 0; patch < rows * columns; patch++)
    pixels.data.set([...heatColor((shares[patch] ?? 0) / end), 255], 4 * patch);
  patches.getContext("2d")!.putImageData(pixels, 0, 0);
  return patches;
}
