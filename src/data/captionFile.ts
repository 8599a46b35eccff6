import { FlamingoError } from "../core/errors.ts";

/** A picture's file name and what it shows. */
export interface CaptionLine {
  file: string;
  caption: string;
}

/**
 * Reads captions: `.jsonl` with one `{"file": ..., "caption": ...}` a line, or `.csv` with a header line that names the
 * columns `file` and `caption`; quoted fields, a byte order mark and Windows line ends are fine.
 * @throws FlamingoError MISSING_COLUMN, naming the columns found; INVALID_DATA for a line that cannot be read
 */
export function readCaptions(text: string, source: string): CaptionLine[] {
  const clean = text.replace(/^\uFEFF/, "");
  return source.endsWith(".csv") ? fromCsv(clean, source) : fromJsonLines(clean, source);
}

function fromJsonLines(text: string, source: string): CaptionLine[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === "") return [];
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      const fix = "write one JSON object a line";
      throw new FlamingoError("INVALID_DATA", `${source}, line ${index + 1} is not JSON: ${(error as Error).message}`, {
        source,
        fix,
      });
    }
    const fields = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
    requireColumns(Object.keys(fields), `${source}, line ${index + 1}`, source);
    return [{ file: String(fields.file), caption: String(fields.caption) }];
  });
}

function fromCsv(text: string, source: string): CaptionLine[] {
  const [header = [], ...rows] = parseCsv(text);
  const columns = header.map((name) => name.trim().toLowerCase());
  requireColumns(columns, source, source);
  const [file, caption] = [columns.indexOf("file"), columns.indexOf("caption")];
  return rows.map((row, index) => {
    if (row.length !== header.length) {
      const message = `${source}, row ${index + 2} has ${row.length} fields, but the header has ${header.length}`;
      throw new FlamingoError("INVALID_DATA", message, {
        source,
        fix: "put a field that holds a comma in double quotes",
      });
    }
    return { file: row[file]!, caption: row[caption]! };
  });
}

function requireColumns(found: readonly string[], where: string, source: string): void {
  for (const column of ["file", "caption"]) {
    if (found.includes(column)) continue;
    const message = `${where} has no "${column}": found ${found.map((name) => `"${name}"`).join(", ") || "nothing"}`;
    throw new FlamingoError("MISSING_COLUMN", message, {
      source,
      expected: column,
      actual: found,
      fix: `add "${column}"`,
    });
  }
}

/** Rows of fields, as RFC 4180 has them. Empty lines are passed over. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = "";
  let quoted = false;
  const endRow = () => {
    row.push(field);
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
    field = "";
  };
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!;
    if (quoted) {
      if (letter !== '"') field += letter;
      else if (text[at + 1] === '"') field += text[++at];
      else quoted = false;
    } else if (letter === '"' && field === "") quoted = true;
    else if (letter === ",") {
      row.push(field);
      field = "";
    } else if (letter === "\n") endRow();
    else if (letter !== "\r") field += letter;
  }
  endRow();
  return rows;
}
