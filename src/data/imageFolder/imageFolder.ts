import { readdir, realpath, stat } from "node:fs/promises";
import { extname, isAbsolute, join, relative, sep } from "node:path";
import { FlamingoError } from "../../core/errors.ts";
import { decodeImage, type Pixels } from "../pixels.ts";
import { type CaptionFile, readCaptionFile } from "./captionFile.ts";

/** Endings of the image files that can be read. */
export const imageEndings = [".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif", ".tif", ".tiff", ".svg"];
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
  /** Called once for each kind of thing that is left out: how many there are, and which. */
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
  const { images, captions } = await listImageFolder(folder, options);
  const named = images.filter((file) => captions.has(file));
  const read = await decodeAll(folder, named, captions, options);
  if (read.length > 0) return read;
  throw noImages(`${folder} holds no image that has a caption and can be decoded (images: ${images.length})`, folder);
}

/**
 * The images of a folder and their captions, without decoding any.
 * @throws FlamingoError as `readImageFolder`
 */
export async function listImageFolder(
  folder: string,
  options: Pick<ImageFolderOptions, "warn">,
): Promise<{ images: string[]; captions: Map<string, string[]> }> {
  const { images, others } = await listFiles(folder);
  if (images.length === 0) throw noImages(`${folder} holds no images`, folder);
  const captionFile = await readCaptionFile(folder);
  await requireInside(folder, captionFile, images);
  const captions = captionsByFile(captionFile, { images, others }, folder, options);
  const silent = images.filter((file) => !captions.has(file));
  warnLeftOut(options, "have no caption", images, silent);
  return { images, captions };
}

/** Paths of all images and of all other files inside a folder, with forward slashes, in order. */
async function listFiles(folder: string): Promise<{ images: string[]; others: string[] }> {
  const there = await stat(folder).catch(() => undefined);
  if (!there?.isDirectory()) {
    throw new FlamingoError("NOT_FOUND", `there is no folder ${folder}`, {
      source: folder,
      fix: "name the folder that holds the images and their captions.jsonl or captions.csv",
    });
  }
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
  const isImage = (file: string) => imageEndings.includes(extname(file).toLowerCase());
  return { images: files.filter(isImage), others: files.filter((file) => !isImage(file)) };
}

/** Refuses a caption whose file lies outside the folder, by its path or through a link. */
async function requireInside(folder: string, { name, lines }: CaptionFile, images: readonly string[]): Promise<void> {
  const inside = await realpath(folder);
  const there = namesOf(images);
  for (const { file, line } of lines) {
    const target = join(inside, there.get(nameOf(file)) ?? file);
    const real = there.has(nameOf(file)) ? await realpath(target).catch(() => target) : target;
    const way = relative(inside, real);
    if (!isAbsolute(file) && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way)) continue;
    const source = join(folder, name);
    const message = `line ${line} of ${source} names ${file}, which is no path inside the folder`;
    const fix = "name files by their path inside the folder, such as dogs/1.png";
    throw new FlamingoError("INVALID_DATA", message, { source, fix });
  }
}

/**
 * By what a path is known: `./dogs/1.png` is `dogs/1.png`, and an accent is the same whether it is a character of its own,
 * as macOS writes it into archives, or a part of its letter.
 */
function nameOf(path: string): string {
  return path.replace(/^(\.\/)+/, "").normalize("NFC");
}

/** The paths in a folder, by what they are known by. */
function namesOf(paths: readonly string[]): Map<string, string> {
  return new Map(paths.map((path) => [nameOf(path), path]));
}

/** Captions with words, by the image that they belong to. */
function captionsByFile(
  { name, lines }: CaptionFile,
  { images, others }: { images: readonly string[]; others: readonly string[] },
  folder: string,
  options: Pick<ImageFolderOptions, "warn">,
): Map<string, string[]> {
  const there = namesOf(images);
  const unread = namesOf(others);
  const found = new Map<string, string[]>();
  const lost: string[] = [];
  const ofOtherKinds: string[] = [];
  for (const { file, caption, line } of lines) {
    const path = there.get(nameOf(file));
    if (path === undefined) (unread.has(nameOf(file)) ? ofOtherKinds : lost).push(`${file} (line ${line})`);
    else if (caption !== "") found.set(path, [...(found.get(path) ?? []), caption]);
  }
  if (lines.length === 0) throw noCaptions(join(folder, name));
  const all = lines.map(({ file }) => file);
  warnLeftOut(options, `are named in ${name} but are not there`, all, lost, "files");
  warnLeftOut(
    options,
    `are of a kind that cannot be read (${imageEndings.join(", ")} can)`,
    all,
    ofOtherKinds,
    "files",
  );
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
  warnLeftOut(options, "cannot be decoded", files, corrupt);
  return read;
}

/** Tells what is left out, if anything is: `2 of 40 images have no caption and are left out: a.png, b.png`. */
function warnLeftOut(
  { warn }: Pick<ImageFolderOptions, "warn">,
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
