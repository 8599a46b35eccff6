import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { makeFolder } from "../../files/makeFolder.ts";
import { writeAtomic } from "../../files/writeAtomic.ts";
import { type Pixels, renderSvg } from "../pixels.ts";
import { type Concept, iconNames, type Style, styles } from "./concepts.ts";

const require = createRequire(import.meta.url);
/** Changes when the rendering does, so that an old cache is not taken for a new one. */
const renderVersion = 3;
/** Drawings rendered at once: the renderer has threads of its own. */
const atOnce = 8;

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
  const each = options.size * options.size * 3 + 1;
  const kept = await readFile(file).catch(() => undefined);
  const whole = kept?.length === styles.length * concepts.length * each;
  const bytes = whole ? shared(kept.length) : await renderAll(concepts, options);
  if (whole) bytes.set(kept);
  if (!whole) await keep(file, bytes, options.warn);
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
async function renderAll(concepts: readonly Concept[], { size, progress, warn }: DrawingsOptions): Promise<Uint8Array> {
  const each = size * size * 3 + 1;
  const total = styles.length * concepts.length;
  const bytes = shared(total * each);
  const failed: string[] = [];
  for (const [styleIndex, style] of styles.entries()) {
    const svgOf = svgSource(style);
    for (let first = 0; first < concepts.length; first += atOnce) {
      const part = concepts.slice(first, first + atOnce);
      const rendered = await Promise.allSettled(part.map(async ({ code }) => renderSvg(svgOf(code), size)));
      rendered.forEach((result, index) => {
        const start = (styleIndex * concepts.length + first + index) * each;
        if (result.status === "fulfilled") bytes.set([1, ...result.value], start);
        else failed.push(`${style}:${part[index]!.code}`);
      });
      progress(styleIndex * concepts.length + first + part.length, total);
    }
  }
  if (failed.length > 0)
    warn(`${failed.length} of ${total} drawings could not be rendered and are left out: ${failed.join(", ")}`);
  return bytes;
}

/** Batches are drawn from it, in whatever thread. */
function shared(length: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(length));
}

/** Writes the cache. Without it the drawings are rendered again next time, and nothing is lost. */
async function keep(file: string, bytes: Uint8Array, warn: (message: string) => void): Promise<void> {
  try {
    await makeFolder(dirname(file));
    await writeAtomic(file, bytes);
  } catch (error) {
    warn(`the rendered drawings are not kept for next time: ${(error as Error).message}`);
  }
}

/** Renders one drawing of a concept: for looking, without the wait for all of them. */
export function renderDrawing({ code }: Pick<Concept, "code">, style: Style, size: number): Promise<Pixels> {
  const svgOf = sources.get(style) ?? svgSource(style);
  sources.set(style, svgOf);
  return renderSvg(svgOf(code), size);
}

const sources = new Map<Style, (code: string) => string>();

/** Puts the parts of an icon set's drawing together as a whole SVG. */
function svgSource(style: Style): (code: string) => string {
  // Read as a file: what is required stays in memory, and a set has up to 25 MB.
  const set = JSON.parse(readFileSync(require.resolve(`@iconify-json/${style}/icons.json`), "utf8")) as IconSet;
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
