import sharp from "sharp";

/** Draws an SVG document as a PNG file, twice as large so that it stays sharp on fine screens. */
export async function rasterise(svg: string): Promise<Uint8Array> {
  return sharp(Buffer.from(svg), { density: 144 }).png({ compressionLevel: 9, palette: true }).toBuffer();
}

/** Pixels [height, width, 3] as a PNG file. */
export async function pngOf(pixels: Uint8Array, width: number, height: number): Promise<Uint8Array> {
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
