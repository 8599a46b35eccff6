import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Pixels, renderSvg } from "../image.ts";
import { type Concept, iconNames, type Style, styles } from "./concepts.ts";

const require = createRequire(import.meta.url);
/** Changes when the rendering does, so that an old cache is not taken for a new one. */
const renderVersion = 1;

interface IconSet {
  icons: Record<string, { body: string; width?: number; height?: number; left?: number; top?: number }>;
  width?: number;
  height?: number;
}

/** Drawings of concepts in every style, rendered: [style][concept], in the order of the concepts. */
export type Drawings = Record<Style, (Pixels | undefined)[]>;

export interface DrawingsOptions {
  size: number;
  /** Folder that keeps them: rendering takes a while, reading none. */
  cache: string;
  progress(done: number, total: number): void;
  warn(message: string): void;
}

/**
 * Renders all drawings, or reads them from the cache. A drawing that cannot be rendered is named, counted and left out.
 */
export async function loadDrawings(concepts: readonly Concept[], options: DrawingsOptions): Promise<Drawings> {
  const file = join(options.cache, `emoji-${options.size}-${fingerprint(concepts)}.bin`);
  const bytes = (await readFile(file).catch(() => undefined)) ?? (await renderAll(concepts, options, file));
  const each = options.size * options.size * 3 + 1;
  const drawings = {} as Drawings;
  styles.forEach((style, styleIndex) => {
    drawings[style] = concepts.map((_, index) => {
      const start = (styleIndex * concepts.length + index) * each;
      return bytes[start] === 1 ? bytes.subarray(start + 1, start + each) : undefined;
    });
  });
  return drawings;
}

/** One byte that says whether the drawing is there, then its pixels; style by style, concept by concept. */
async function renderAll(
  concepts: readonly Concept[],
  { size, progress, warn }: DrawingsOptions,
  file: string,
): Promise<Uint8Array> {
  const each = size * size * 3 + 1;
  const total = styles.length * concepts.length;
  const bytes = new Uint8Array(total * each);
  const failed: string[] = [];
  for (const [styleIndex, style] of styles.entries()) {
    const svgOf = svgSource(style);
    for (const [index, { code }] of concepts.entries()) {
      const start = (styleIndex * concepts.length + index) * each;
      try {
        bytes.set(await renderSvg(svgOf(code), size), start + 1);
        bytes[start] = 1;
      } catch {
        failed.push(`${style}:${code}`);
      }
      progress(styleIndex * concepts.length + index + 1, total);
    }
  }
  if (failed.length > 0)
    warn(`${failed.length} of ${total} drawings could not be rendered and are left out: ${failed.join(", ")}`);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(`${file}.${process.pid}.partial`, bytes);
  await rename(`${file}.${process.pid}.partial`, file);
  return bytes;
}

/** Puts the parts of an icon set's drawing together as a whole SVG. */
function svgSource(style: Style): (code: string) => string {
  const set = require(`@iconify-json/${style}/icons.json`) as IconSet;
  const names = iconNames(style);
  return (code) => {
    const icon = set.icons[names.get(code)!]!;
    const width = icon.width ?? set.width ?? 16;
    const height = icon.height ?? set.height ?? 16;
    const box = `${icon.left ?? 0} ${icon.top ?? 0} ${width} ${height}`;
    return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}" viewBox="${box}">${icon.body}</svg>`;
  };
}

/** Of what would be drawn: the concepts and the versions of the drawings. */
function fingerprint(concepts: readonly Concept[]): string {
  const hash = createHash("sha256").update(`${renderVersion}`);
  for (const style of styles)
    hash.update((require(`@iconify-json/${style}/package.json`) as { version: string }).version);
  for (const { code } of concepts) hash.update(code);
  return hash.digest("hex").slice(0, 12);
}
