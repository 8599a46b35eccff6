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
  const colours = channels === 3 ? whole.data : coloursOf(whole.data, channels);
  if (width < size || height < size) fillWith(result, meanColour(colours));
  const [left, top] = [Math.floor((size - width) / 2), Math.floor((size - height) / 2)];
  for (let y = 0; y < height; y++)
    result.set(colours.subarray(3 * y * width, 3 * (y + 1) * width), ((y + top) * size + left) * 3);
  return result;
}

/** Three channels of an image that has another number of them: grey has one. */
function coloursOf(data: Uint8Array, channels: number): Uint8Array {
  const colours = new Uint8Array((data.length / channels) * 3);
  for (let at = 0; at < colours.length; at++) {
    const pixel = Math.floor(at / 3) * channels;
    colours[at] = data[channels < 3 ? pixel : pixel + (at % 3)]!;
  }
  return colours;
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

const units = Float32Array.from({ length: 256 }, (_, value) => value / 127.5 - 1);

/** Pixels as models take them: −1 for black, 1 for white. @param result where they go, from its start on */
export function toUnit(pixels: Pixels, result = new Float32Array(pixels.length)): Float32Array {
  for (let at = 0; at < pixels.length; at++) result[at] = units[pixels[at]!]!;
  return result;
}

/** A model's image as a PNG file. */
export function encodePng(pixels: Float32Array, size: number): Promise<Uint8Array> {
  const bytes = Uint8Array.from(pixels, (value) => Math.max(0, Math.min(255, Math.round((value + 1) * 127.5))));
  return sharp(bytes, { raw: { width: size, height: size, channels: 3 } })
    .png()
    .toBuffer();
}

function meanColour(data: Uint8Array): [number, number, number] {
  let [red, green, blue] = [0, 0, 0];
  for (let at = 0; at < data.length; at += 3) {
    red += data[at]!;
    green += data[at + 1]!;
    blue += data[at + 2]!;
  }
  const pixels = data.length / 3;
  return [Math.round(red / pixels), Math.round(green / pixels), Math.round(blue / pixels)];
}

function fillWith(pixels: Uint8Array, [red, green, blue]: [number, number, number]): void {
  for (let at = 0; at < pixels.length; at += 3) {
    pixels[at] = red;
    pixels[at + 1] = green;
    pixels[at + 2] = blue;
  }
}

/** The image, or each frame of a video, as a mirror shows it. */
export function mirrored(pixels: Pixels, size: number): Pixels {
  const result = new Uint8Array(pixels.length);
  for (let row = 0; row < pixels.length; row += 3 * size) {
    for (let to = row, from = row + 3 * (size - 1); to < row + 3 * size; to += 3, from -= 3) {
      result[to] = pixels[from]!;
      result[to + 1] = pixels[from + 1]!;
      result[to + 2] = pixels[from + 2]!;
    }
  }
  return result;
}
