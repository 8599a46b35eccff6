import { readdir, realpath, stat } from "node:fs/promises";
import { extname, isAbsolute, join, relative, sep } from "node:path";
import { FlamingoError } from "../../core/errors.ts";
import { decodeImage, type Pixels } from "../image.ts";
import { type CaptionFile, readCaptionFile } from "./captionFile.ts";

const imageEndings = [".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif", ".tif", ".tiff", ".svg"];
/** Images decoded at once: the decoder has threads of its own. */
const atOnce = 8;
/** Names that a message spells out. */
const mostNamed = 8;

/** An image of the user's, with all its captions. */
export interface CaptionedImage {
  /** Path inside the folder, with forward slashes. */
  file: string;
  pixels: Pixels;
  captions: readonly string[];
}

export interface ImageFolderOptions {
  size: number;
  progress(done: number, total: number): void;
  /** Told once for each kind of thing that is left out: how many there are, and which. */
  warn(message: string): void;
}

/**
 * Reads a folder of images with captions, in order of their names.
 *
 * Images that cannot be decoded, images without a caption and captions without an image are named, counted and left out.
 *
 * @throws FlamingoError NOT_FOUND if there is no such folder; NO_IMAGES if no captioned image can be decoded;
 * INVALID_DATA or MISSING_COLUMN for the caption file; INVALID_DATA for a caption whose file lies outside the folder
 */
export async function readImageFolder(folder: string, options: ImageFolderOptions): Promise<CaptionedImage[]> {
  const images = await listImages(folder);
  if (images.length === 0) throw noImages(`${folder} holds no images`, folder);
  const captionFile = await readCaptionFile(folder);
  await requireInside(folder, captionFile, images);
  const captions = captionsByFile(captionFile, images, folder, options);
  const named = images.filter((file) => captions.has(file));
  const silent = images.filter((file) => !captions.has(file));
  tell(options, "have no caption", images, silent);
  const read = await decodeAll(folder, named, captions, options);
  if (read.length > 0) return read;
  throw noImages(`${folder} holds no image that has a caption and can be decoded (images: ${images.length})`, folder);
}

/** Paths of all images inside a folder, with forward slashes, in order. */
async function listImages(folder: string): Promise<string[]> {
  const there = await stat(folder).catch(() => undefined);
  if (!there?.isDirectory()) {
    throw new FlamingoError("NOT_FOUND", `there is no folder ${folder}`, {
      source: folder,
      fix: "name the folder that holds the images and their captions.jsonl or captions.csv",
    });
  }
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && imageEndings.includes(extname(entry.name).toLowerCase()))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
}

/** Refuses a caption whose file lies outside the folder, by its path or through a link. */
async function requireInside(folder: string, { name, lines }: CaptionFile, images: readonly string[]): Promise<void> {
  const inside = await realpath(folder);
  const there = new Set(images);
  for (const { file, line } of lines) {
    const target = join(inside, file);
    const real = there.has(plainPath(file)) ? await realpath(target).catch(() => target) : target;
    const way = relative(inside, real);
    if (!isAbsolute(file) && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way)) continue;
    const source = join(folder, name);
    const message = `line ${line} of ${source} names ${file}, which is no path inside the folder`;
    const fix = "name files by their path inside the folder, such as dogs/1.png";
    throw new FlamingoError("INVALID_DATA", message, { source, fix });
  }
}

/** `./dogs/1.png` as the folder's listing has it: `dogs/1.png`. */
function plainPath(file: string): string {
  return file.replace(/^(\.\/)+/, "");
}

/** Captions with words, by the image that they belong to. */
function captionsByFile(
  { name, lines }: CaptionFile,
  images: readonly string[],
  folder: string,
  options: ImageFolderOptions,
): Map<string, string[]> {
  const there = new Set(images);
  const found = new Map<string, string[]>();
  const lost: string[] = [];
  for (const { file, caption, line } of lines) {
    const path = plainPath(file);
    if (!there.has(path)) lost.push(`${file} (line ${line})`);
    else if (caption !== "") found.set(path, [...(found.get(path) ?? []), caption]);
  }
  if (lines.length === 0) throw noCaptions(join(folder, name));
  const all = lines.map(({ file }) => file);
  tell(options, `are named in ${name} but are not there`, all, lost, "files");
  return found;
}

async function decodeAll(
  folder: string,
  files: readonly string[],
  captions: ReadonlyMap<string, string[]>,
  options: ImageFolderOptions,
): Promise<CaptionedImage[]> {
  const read: CaptionedImage[] = [];
  const corrupt: string[] = [];
  for (let start = 0; start < files.length; start += atOnce) {
    const part = files.slice(start, start + atOnce);
    const decoded = await Promise.allSettled(part.map((file) => decodeImage(join(folder, file), options.size)));
    decoded.forEach((result, index) => {
      const file = part[index]!;
      if (result.status === "fulfilled") read.push({ file, pixels: result.value, captions: captions.get(file)! });
      else corrupt.push(`${file} (${firstLine(result.reason)})`);
    });
    options.progress(start + part.length, files.length);
  }
  tell(options, "cannot be decoded", files, corrupt);
  return read;
}

/** Tells what is left out, if anything is: `2 of 40 images have no caption and are left out: a.png, b.png`. */
function tell(
  { warn }: ImageFolderOptions,
  what: string,
  of: readonly string[],
  which: readonly string[],
  things = "images",
): void {
  if (which.length === 0) return;
  const more = which.length > mostNamed ? `, and ${which.length - mostNamed} more` : "";
  const names = which.slice(0, mostNamed).join(", ") + more;
  warn(`${which.length} of ${of.length} ${things} ${what} and are left out: ${names}`);
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]!.replace(/^.*?: (?=\S)/, "");
}

function noImages(message: string, folder: string): FlamingoError {
  return new FlamingoError("NO_IMAGES", message, {
    source: folder,
    fix: `put ${imageEndings.join(", ")} files there, each named in captions.jsonl or captions.csv`,
  });
}

function noCaptions(source: string): FlamingoError {
  return new FlamingoError("INVALID_DATA", `${source} has no captions`, {
    source,
    fix: "write a line with a file and a caption for each image",
  });
}
