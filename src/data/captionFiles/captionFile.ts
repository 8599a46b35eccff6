import { basename, extname } from "node:path";
import { FlamingoError } from "../../core/errors.ts";
import { isObject } from "../../core/json.ts";
import { parseCsv, separatorOf } from "../imageFolder/csv.ts";
import { BadSample, type BadSamples, skippedSample } from "../shards/badSamples.ts";
import { readTextFile } from "../shards/textFile.ts";
import type { CaptionedFile } from "./captionedFile.ts";
import { readCocoCaptions } from "./cocoCaptions.ts";

/** What the columns may be called: ours first, then as Hugging Face's ImageFolder and as OpenCLIP call them. */
const columns = {
  file: ["file", "file_name", "filepath", "image"],
  caption: ["caption", "text", "title"],
} as const;

/**
 * Reads the captions of images: COCO captions (`.json`), one JSON object a line (`.jsonl`), or a table separated by commas, semicolons or
 * tabs (`.csv`, `.tsv`). The columns are called `file` and `caption`, `file_name` and `text`, or `filepath` and `title`. A line that cannot be used
 * is a bad sample.
 *
 * @throws FlamingoError NOT_FOUND or INVALID_DATA for a file that cannot be used; MISSING_COLUMN for a table without these columns
 */
export function readCaptions(path: string, bad: BadSamples): CaptionedFile[] {
  const ending = extname(path).toLowerCase();
  if (ending === ".json") return readCocoCaptions(path, bad);
  const found = new Map<string, CaptionedFile>();
  const note = (number: number, read: () => [file: unknown, caption: unknown]) => {
    const name = `line ${number} of ${basename(path)}`;
    try {
      const [file, caption] = read().map((field) => (typeof field === "string" ? field.trim() : undefined));
      if (!file) throw new BadSample(name, "it names no file");
      if (!caption) throw new BadSample(name, "it has no caption");
      const known = found.get(file) ?? { file, captions: [] };
      found.set(file, known);
      known.captions.push(caption);
    } catch (error) {
      bad.add(skippedSample(error));
    }
  };
  (ending === ".jsonl" ? eachJsonLine : eachRow)(path, note);
  return [...found.values()];
}

type Note = (number: number, read: () => [file: unknown, caption: unknown]) => void;

function eachJsonLine(path: string, note: Note): void {
  for (const [at, line] of readTextFile(path).split("\n").entries())
    if (line.trim() !== "")
      note(at + 1, () => {
        const value = parsed(line, `line ${at + 1} of ${basename(path)}`);
        const first = (names: readonly string[]) => value[names.find((name) => Object.hasOwn(value, name)) ?? ""];
        return [first(columns.file), first(columns.caption)];
      });
}

function parsed(line: string, name: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new BadSample(name, "it is no JSON");
  }
  if (isObject(value)) return value;
  throw new BadSample(name, "it is no JSON object");
}

function eachRow(path: string, note: Note): void {
  const text = readTextFile(path);
  const [header, ...rows] = parseCsv(text, path, separatorOf(text));
  const found = header?.fields.map((field) => field.toLowerCase()) ?? [];
  const places = (["file", "caption"] as const).map((column) => {
    const name = columns[column].find((each) => found.includes(each));
    if (name !== undefined) return found.indexOf(name);
    throw new FlamingoError("MISSING_COLUMN", `${path} has no column "${column}"; it has ${found.join(", ")}`, {
      source: path,
      expected: columns[column],
      actual: found,
      fix: "name the columns in the first line: file,caption",
    });
  });
  for (const { line, fields } of rows)
    note(line, () => {
      if (fields.length === found.length) return [fields[places[0]!], fields[places[1]!]];
      const reason = `it has ${fields.length} fields, and the first line has ${found.length}`;
      throw new BadSample(`line ${line} of ${basename(path)}`, reason);
    });
}
