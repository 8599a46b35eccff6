import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { FlamingoError } from "../core/errors.ts";
import { type CaptionLine, readCaptions } from "./captionFile.ts";
import { decodeImage, type Pixels } from "./image.ts";

const pictureNames = /\.(png|jpe?g|webp|gif|avif|svg)$/i;
const captionFiles = ["captions.jsonl", "captions.csv"];
/** Names listed before "and so many more". */
const mostNames = 5;

/** A picture of the user's own, with its caption. */
export interface CaptionedPicture {
  file: string;
  caption: string;
  pixels: Pixels;
}

export interface FolderContext {
  progress(done: number, total: number): void;
  warn(message: string): void;
}

/**
 * Reads a folder of pictures (not those in folders below it) with `captions.jsonl` or `captions.csv`. A corrupt picture, a picture without a caption and a
 * caption without a picture are named, counted and left out.
 * @throws FlamingoError NOT_FOUND, NO_IMAGES, MISSING_COLUMN or INVALID_DATA
 */
export async function readPictureFolder(
  folder: string,
  size: number,
  context: FolderContext,
): Promise<CaptionedPicture[]> {
  const names = await readdir(folder).catch((error: Error) => {
    const fix = "give the path of a folder with pictures and a caption file";
    throw new FlamingoError("NOT_FOUND", `the folder ${folder} cannot be read: ${error.message}`, {
      source: folder,
      fix,
    });
  });
  const pictures = names.filter((name) => pictureNames.test(name));
  if (pictures.length === 0) {
    const fix = "put .png, .jpg, .webp, .gif, .avif or .svg files there";
    throw new FlamingoError("NO_IMAGES", `there are no images in ${folder} (${names.length} other files)`, {
      source: folder,
      fix,
    });
  }
  const captions = await captionsOf(folder, names);
  tellMismatch(pictures, captions, context);
  const wanted = captions.filter(({ file }) => pictures.includes(file));
  const read = await readAll(folder, wanted, size, context);
  if (read.length > 0) return read;
  throw new FlamingoError("NO_IMAGES", `none of the ${pictures.length} images in ${folder} can be used`, {
    source: folder,
    fix: "give each image a caption by its file name, and check that the images open elsewhere",
  });
}

async function captionsOf(folder: string, names: readonly string[]): Promise<CaptionLine[]> {
  const name = captionFiles.find((each) => names.includes(each));
  if (!name) {
    const fix = `write ${captionFiles[0]} with one {"file": ..., "caption": ...} a line`;
    throw new FlamingoError("INVALID_DATA", `${folder} has neither ${captionFiles.join(" nor ")}`, {
      source: folder,
      fix,
    });
  }
  const file = join(folder, name);
  return readCaptions(await readFile(file, "utf8"), file);
}

function tellMismatch(pictures: readonly string[], captions: readonly CaptionLine[], { warn }: FolderContext): void {
  const named = new Set(captions.map(({ file }) => file));
  const silent = pictures.filter((name) => !named.has(name));
  const lost = captions.filter(({ file }) => !pictures.includes(file)).map(({ file }) => file);
  if (silent.length > 0)
    warn(`${silent.length} of ${pictures.length} images have no caption and are left out: ${listed(silent)}`);
  if (lost.length > 0)
    warn(`${lost.length} of ${captions.length} captions have no image and are left out: ${listed(lost)}`);
}

async function readAll(
  folder: string,
  wanted: readonly CaptionLine[],
  size: number,
  context: FolderContext,
): Promise<CaptionedPicture[]> {
  const read: CaptionedPicture[] = [];
  const corrupt: string[] = [];
  for (const [index, { file, caption }] of wanted.entries()) {
    try {
      read.push({ file, caption, pixels: await decodeImage(join(folder, file), size) });
    } catch {
      corrupt.push(file);
    }
    context.progress(index + 1, wanted.length);
  }
  if (corrupt.length > 0)
    context.warn(`${corrupt.length} of ${wanted.length} images are corrupt and are left out: ${listed(corrupt)}`);
  return read;
}

function listed(names: readonly string[]): string {
  const more = names.length - mostNames;
  return names.slice(0, mostNames).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
