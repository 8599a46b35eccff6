import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FlamingoError } from "../../core/errors.ts";
import { isObject } from "../../core/json.ts";
import { parseCsv, separatorOf } from "./csv.ts";

/** One line of a caption file. */
export interface CaptionLine {
  /** Path of the image inside the folder, with forward slashes. */
  file: string;
  caption: string;
  line: number;
}

/** A caption file, read. */
export interface CaptionFile {
  /** Its name, such as `captions.jsonl`. */
  name: string;
  lines: CaptionLine[];
}

/** What the columns may be called: ours first, then as in Hugging Face's ImageFolder. */
const columns = { file: ["file", "file_name"], caption: ["caption", "text"] } as const;
const parsers = {
  "captions.jsonl": parseJsonLines,
  "captions.csv": parseTable,
  "metadata.jsonl": parseJsonLines,
  "metadata.csv": parseTable,
};
const names = Object.keys(parsers) as (keyof typeof parsers)[];

/**
 * Reads a folder's captions: `captions.jsonl`, one `{"file": "dogs/1.png", "caption": "a dog"}` a line, or `captions.csv`
 * with the columns `file` and `caption`, separated by commas, semicolons or tabs. As in Hugging Face's ImageFolder the file
 * may be called `metadata`, and the columns `file_name` and `text`. More columns may stand beside; an image may have several
 * captions, in several lines or several columns.
 *
 * @throws FlamingoError INVALID_DATA if there is no such file, or several, or a line is broken (it is named);
 * MISSING_COLUMN, naming the columns that were found
 */
export async function readCaptionFile(folder: string): Promise<CaptionFile> {
  const contents = await Promise.all(names.map((name) => readIfThere(join(folder, name))));
  const there = names.filter((_, index) => contents[index] !== undefined);
  if (there.length !== 1) {
    const none = there.length === 0;
    const found = none ? "neither captions.jsonl nor captions.csv" : `both ${there.join(" and ")}`;
    const fix = none ? "write one of them, with a file and a caption on each line" : "keep one of them";
    throw new FlamingoError("INVALID_DATA", `${folder} holds ${found}`, { source: folder, fix });
  }
  const name = there[0]!;
  const source = join(folder, name);
  return { name, lines: parsers[name](decodeText(contents[names.indexOf(name)]!, source), source) };
}

async function readIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new FlamingoError("INVALID_DATA", `${file} cannot be read: ${(error as Error).message}`, {
      source: file,
      fix: "let yourself read it",
    });
  }
}

/** Text without its byte order mark. */
function decodeText(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new FlamingoError("INVALID_DATA", `${source} is not UTF-8 text`, { source, fix: "save it as UTF-8" });
  }
}

function parseTable(text: string, source: string): CaptionLine[] {
  const separator = separatorOf(text);
  const [header, ...rows] = parseCsv(text, source, separator);
  const found = header?.fields.map((field) => field.trim().toLowerCase()) ?? [];
  const fix = "name it in the first line: file,caption";
  const [file] = placesOf("file", found, source, source, fix) as [number];
  const captions = placesOf("caption", found, source, source, fix);
  return rows.flatMap(({ line, fields }) => {
    if (fields.length === found.length) return captionLines(fields[file], captions, (at) => fields[at], line, source);
    const called = { ",": "commas", ";": "semicolons", "\t": "tabs" }[separator];
    throw new FlamingoError(
      "INVALID_DATA",
      `line ${line} of ${source} has ${fields.length} fields, its first line has ${found.length}`,
      { source, fix: `put a caption that has ${called} in double quotes` },
    );
  });
}

function parseJsonLines(text: string, source: string): CaptionLine[] {
  return text.split(/\r?\n/).flatMap((content, index) => {
    if (content.trim() === "") return [];
    const line = index + 1;
    const entry = parseObject(content, line, source);
    const found = Object.keys(entry);
    const where = `line ${line} of ${source}`;
    const fix = 'write each line as {"file": "1.png", "caption": "a dog"}';
    const [file] = placesOf("file", found, where, source, fix) as [number];
    const captions = placesOf("caption", found, where, source, fix);
    return captionLines(entry[found[file]!], captions, (at) => entry[found[at]!], line, source);
  });
}

/**
 * Where a column stands: every one of its name, or of the next name that it may have.
 * @throws FlamingoError MISSING_COLUMN
 */
function placesOf(
  column: keyof typeof columns,
  found: readonly string[],
  where: string,
  source: string,
  fix: string,
): number[] {
  for (const name of columns[column]) {
    const places = found.flatMap((each, at) => (each === name ? [at] : []));
    if (places.length > 0) return places;
  }
  const has = found.map((each) => `"${each}"`).join(", ") || "nothing";
  throw new FlamingoError("MISSING_COLUMN", `${where} has no column "${column}"; it has ${has}`, {
    source,
    expected: column,
    actual: found,
    fix,
  });
}

function parseObject(content: string, line: number, source: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    value = undefined;
  }
  if (isObject(value)) return value;
  throw new FlamingoError("INVALID_DATA", `line ${line} of ${source} is no JSON object`, {
    source,
    fix: 'write each line as {"file": "1.png", "caption": "a dog"}',
  });
}

/** The captions of one line; of several columns those that are filled. */
function captionLines(
  file: unknown,
  places: readonly number[],
  caption: (place: number) => unknown,
  line: number,
  source: string,
): CaptionLine[] {
  const lines = places.map((place) => captionLine(file, caption(place), line, source));
  const filled = lines.filter((each) => each.caption !== "");
  return filled.length > 0 ? filled : lines.slice(0, 1);
}

function captionLine(file: unknown, caption: unknown, line: number, source: string): CaptionLine {
  if (typeof file !== "string" || typeof caption !== "string" || file.trim() === "") {
    throw new FlamingoError("INVALID_DATA", `line ${line} of ${source} needs text for both file and caption`, {
      source,
      fix: "name a file and say what it shows",
    });
  }
  return { file: file.trim().replaceAll("\\", "/"), caption: caption.trim(), line };
}
