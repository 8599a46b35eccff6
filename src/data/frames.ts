import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import sharp from "sharp";
import { imageEndings } from "./imageFolder/imageFolder.ts";
import { decodeImage, type Pixels } from "./pixels.ts";

/**
 * Decodes so many frames of a video: [frames, size, size, 3]. A video is a folder whose images are its frames, in order of their names,
 * or an animated GIF or WebP; any other image is a video of one frame.
 *
 * The frames are taken at even distances. Where there are fewer than asked for, some come several times.
 * @throws Error for a folder without images; the decoder's own error for what is no image
 */
export async function decodeFrames(file: string | Uint8Array, frames: number, size: number): Promise<Pixels> {
  const isFolder = typeof file === "string" && (await stat(file)).isDirectory();
  if (frames === 1 && !isFolder) return decodeImage(file, size);
  const all = await (isFolder ? framesIn(file) : pagesOf(file));
  const chosen = Array.from({ length: frames }, (_, place) => Math.floor((place * all.length) / frames));
  const decoded = new Map<number, Pixels>();
  for (const frame of new Set(chosen)) decoded.set(frame, await all[frame]!(size));
  const each = size * size * 3;
  const pixels = new Uint8Array(new SharedArrayBuffer(frames * each));
  chosen.forEach((frame, place) => {
    pixels.set(decoded.get(frame)!, place * each);
  });
  return pixels;
}

type Decode = (size: number) => Promise<Pixels>;

/** How each frame of a folder is decoded. */
async function framesIn(folder: string): Promise<Decode[]> {
  const images = (await readdir(folder)).filter((name) => imageEndings.includes(extname(name).toLowerCase())).sort();
  if (images.length === 0) throw new Error("it has no frames");
  return images.map((name) => (size) => decodeImage(join(folder, name), size));
}

/** How each frame of an animated image is decoded. */
async function pagesOf(file: string | Uint8Array): Promise<Decode[]> {
  const { pages = 1 } = await sharp(file).metadata();
  return Array.from({ length: pages }, (_, page) => (size: number) => decodeImage(file, size, page));
}
