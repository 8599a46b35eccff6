import { shieldedUntil } from "../cell/shield.ts";

/** Loaded for the first image: no other result has to wait for it. */
const loadSharp = async () => (await shieldedUntil(import("sharp"))).default;

/** Draws an SVG document as a PNG file, twice as large so that it stays sharp on fine screens. */
export async function rasterise(svg: string): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return sharp(Buffer.from(svg), { density: 144 }).png({ compressionLevel: 9, palette: true }).toBuffer();
}

/** Pixels [height, width, 3] as a PNG file. */
export async function pngOf(pixels: Uint8Array, width: number, height: number): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
