import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FlamingoError } from "../../core/errors.ts";
import { parseCsv } from "./csv.ts";

/** One line of a caption file. */
export interface CaptionLine {
  /** Path of the image inside the folder, with forward slashes. */
  file: string;
  caption: string;
  line: number;
}

/** A caption file, read. */
export interface CaptionFile {
  /** Its name: `captions.jsonl` or `captions.csv`. */
  name: string;
  lines: CaptionLine[];
}

const columns = ["file", "caption"] as const;
const parsers = { "captions.jsonl": parseJsonLines, "captions.csv": parseTable };
const names = Object.keys(parsers) as (keyof typeof parsers)[];

/**
 * Reads a folder's captions: `captions.jsonl`, one `{"file": "dogs/1.png", "caption": "a dog"}` a line, or `captions.csv`
 * with the columns `file` and `caption`. More columns may stand beside; an image may have several captions.
 *
 * @throws FlamingoError INVALID_DATA if there is no such file, or both, or a line is broken (it is named);
 * MISSING_COLUMN, naming the columns that were found
 */
export async function readCaptionFile(folder: string): Promise<CaptionFile> {
  const contents = await Promise.all(names.map((name) => readIfThere(join(folder, name))));
  const there = names.filter((_, index) => contents[index] !== undefined);
  if (there.length !== 1) {
    const none = there.length === 0;
    const found = none ? "neither captions.jsonl nor captions.csv" : "both captions.jsonl and captions.csv";
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
  const [header, ...rows] = parseCsv(text, source);
  const found = header?.fields.map((field) => field.trim().toLowerCase()) ?? [];
  const [file, caption] = columns.map((column) => {
    if (found.includes(column)) return found.indexOf(column);
    throw missingColumn(column, found, source, source, "name it in the first line: file,caption");
  }) as [number, number];
  return rows.map(({ line, fields }) => {
    if (fields.length === found.length) return captionLine(fields[file], fields[caption], line, source);
    throw new FlamingoError(
      "INVALID_DATA",
      `line ${line} of ${source} has ${fields.length} fields, its first line has ${found.length}`,
      { source, fix: "put a caption that has commas in double quotes" },
    );
  });
}

function parseJsonLines(text: string, source: string): CaptionLine[] {
  return text.split(/\r?\n/).flatMap((content, index) => {
    if (content.trim() === "") return [];
    const line = index + 1;
    const entry = parseObject(content, line, source);
    for (const column of columns) {
      if (column in entry) continue;
      throw missingColumn(
        column,
        Object.keys(entry),
        `line ${line} of ${source}`,
        source,
        'write each line as {"file": "1.png", "caption": "a dog"}',
      );
    }
    return [captionLine(entry.file, entry.caption, line, source)];
  });
}

function parseObject(content: string, line: number, source: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    value = undefined;
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new FlamingoError("INVALID_DATA", `line ${line} of ${source} is no JSON object`, {
    source,
    fix: 'write each line as {"file": "1.png", "caption": "a dog"}',
  });
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

function missingColumn(
  column: string,
  found: readonly string[],
  where: string,
  source: string,
  fix: string,
): FlamingoError {
  const has = found.map((each) => `"${each}"`).join(", ") || "nothing";
  return new FlamingoError("MISSING_COLUMN", `${where} has no column "${column}"; it has ${has}`, {
    source,
    expected: column,
    actual: found,
    fix,
  });
}
