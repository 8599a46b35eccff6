import sharp from "sharp";

/** A square image: [size, size, 3] in 0 to 255. Those that batches are drawn from lie in shared memory. */
export type Pixels = Uint8Array;

/**
 * Decodes an image (PNG, JPEG, WebP, GIF, AVIF or SVG) and brings it into a square: its aspect ratio stays, and what is
 * left over is filled with its mean colour. Transparent images are put on white; photographs are turned upright.
 * @param page which image of a file of several: frames of an animated GIF or WebP
 * @throws the decoder's own error for an image that is none
 * @see Alayrac et al. 2022, Flamingo, appendix A.3 (padding with the mean), arXiv:2204.14198
 */
export async function decodeImage(file: string | Uint8Array, size: number, page = 0): Promise<Pixels> {
  const image = sharp(file, { density: 144, page })
    .autoOrient()
    .flatten({ background: "white" })
    .toColourspace("srgb")
    .removeAlpha();
  const whole = await image.clone().resize(size, size, { fit: "inside" }).raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = whole.info;
  const result = new Uint8Array(new SharedArrayBuffer(size * size * 3));
  fillWith(result, meanColour(whole.data, channels));
  const [left, top] = [Math.floor((size - width) / 2), Math.floor((size - height) / 2)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        const from = (y * width + x) * channels + (channels < 3 ? 0 : channel);
        result[((y + top) * size + x + left) * 3 + channel] = whole.data[from]!;
      }
    }
  }
  return result;
}

/** Share of an image's side that a drawing leaves free on each side. */
const margin = 0.03;

/**
 * Draws an SVG on white: cut to what is drawn, so that every style fills the frame alike, at twice the size, then averaged
 * over 2×2 boxes, so that thin lines stay.
 * @throws the renderer's own error for a drawing that it cannot render
 */
export async function renderSvg(svg: string, size: number): Promise<Pixels> {
  const clear = { r: 255, g: 255, b: 255, alpha: 0 };
  const { data, info } = await sharp(Buffer.from(svg), { density: 300 })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const free = Math.round(2 * size * margin);
  const large = await sharp(data, { raw: { width: info.width, height: info.height, channels: 4 } })
    .extract(boxOf(data, info.width, info.height))
    .resize(2 * (size - free), 2 * (size - free), { fit: "contain", background: clear })
    .extend({ top: free, bottom: free, left: free, right: free, background: clear })
    .flatten({ background: "white" })
    .removeAlpha()
    .raw()
    .toBuffer();
  const result = new Uint8Array(size * size * 3);
  const row = 2 * size * 3;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      for (let channel = 0; channel < 3; channel++) {
        const at = 2 * y * row + 6 * x + channel;
        const sum = large[at]! + large[at + 3]! + large[at + row]! + large[at + row + 3]!;
        result[(y * size + x) * 3 + channel] = (sum + 2) >> 2;
      }
    }
  }
  return result;
}

/** Alpha up to which a pixel counts as empty. */
const faint = 8;

/** The smallest box around all that is drawn; the whole image where nothing is. */
function boxOf(
  rgba: Uint8Array,
  width: number,
  height: number,
): { left: number; top: number; width: number; height: number } {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (rgba[(y * width + x) * 4 + 3]! <= faint) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  }
  return right < 0
    ? { left: 0, top: 0, width, height }
    : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** Pixels as models take them: −1 for black, 1 for white. */
export function toUnit(pixels: Pixels): Float32Array {
  const result = new Float32Array(pixels.length);
  for (let at = 0; at < pixels.length; at++) result[at] = pixels[at]! / 127.5 - 1;
  return result;
}

/** A model's image as a PNG file. */
export function encodePng(pixels: Float32Array, size: number): Promise<Uint8Array> {
  const bytes = Uint8Array.from(pixels, (value) => Math.max(0, Math.min(255, Math.round((value + 1) * 127.5))));
  return sharp(bytes, { raw: { width: size, height: size, channels: 3 } })
    .png()
    .toBuffer();
}

function meanColour(data: Uint8Array, channels: number): [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  const pixels = data.length / channels;
  for (let at = 0; at < data.length; at += channels)
    for (let channel = 0; channel < 3; channel++) sums[channel]! += data[at + (channels < 3 ? 0 : channel)]!;
  return sums.map((sum) => Math.round(sum / pixels)) as [number, number, number];
}

function fillWith(pixels: Uint8Array, colour: [number, number, number]): void {
  for (let at = 0; at < pixels.length; at += 3) pixels.set(colour, at);
}

/** The image as a mirror shows it. */
export function mirrored(pixels: Pixels, size: number): Pixels {
  const result = new Uint8Array(pixels.length);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const from = (y * size + size - 1 - x) * 3;
      result.set(pixels.subarray(from, from + 3), (y * size + x) * 3);
    }
  }
  return result;
}
