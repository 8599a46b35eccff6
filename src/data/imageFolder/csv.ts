import { FlamingoError } from "../../core/errors.ts";

/** A row of a table, and the line of the file on which it starts. */
export interface CsvRow {
  line: number;
  fields: string[];
}

/** What separates fields: a comma; a semicolon where a comma is a decimal's, as in Excel in much of Europe; a tab. */
export const separators = [",", ";", "\t"] as const;
export type Separator = (typeof separators)[number];

/**
 * Splits a table of text into rows: fields may stand in double quotes, and then hold separators, line breaks and, doubled,
 * double quotes. Lines end in LF, CRLF or CR; empty lines are passed over. Reads the text once, however it is quoted.
 *
 * @param source name of the file, for the error
 * @throws FlamingoError INVALID_DATA if a quote is never closed or goes on after its end
 * @see RFC 4180
 */
export function parseCsv(text: string, source: string, separator: Separator = ","): CsvRow[] {
  const rows: CsvRow[] = [];
  let row: CsvRow = { line: 1, fields: [] };
  let line = 1;
  let at = 0;
  while (at < text.length || row.fields.length > 0) {
    const { value, end } = text[at] === '"' ? quotedField(text, at, line, source) : plainField(text, at, separator);
    row.fields.push(value);
    line += countLines(text.slice(at, end));
    at = end;
    if (text[at] === separator) {
      at++;
      continue;
    }
    if (at < text.length && text[at] !== "\r" && text[at] !== "\n") throw brokenQuote(source, line);
    if (at < text.length) {
      at += text[at] === "\r" && text[at + 1] === "\n" ? 2 : 1;
      line++;
    }
    if (row.fields.some((each) => each !== "")) rows.push(row);
    row = { line, fields: [] };
  }
  return rows;
}

/** The separator of a table: the one that splits its first line into the most fields. */
export function separatorOf(text: string): Separator {
  const [header] = text.split(/[\r\n]/, 1) as [string];
  const fields = (separator: Separator) => header.split(separator).length;
  return separators.reduce((best, each) => (fields(each) > fields(best) ? each : best));
}

function plainField(text: string, start: number, separator: Separator): { value: string; end: number } {
  let end = start;
  while (end < text.length && text[end] !== separator && text[end] !== "\n" && text[end] !== "\r") end++;
  return { value: text.slice(start, end).trim(), end };
}

function quotedField(text: string, start: number, line: number, source: string): { value: string; end: number } {
  for (let from = start + 1; ; ) {
    const end = text.indexOf('"', from);
    if (end < 0) throw brokenQuote(source, line);
    if (text[end + 1] !== '"') return { value: text.slice(start + 1, end).replaceAll('""', '"'), end: end + 1 };
    from = end + 2;
  }
}

function countLines(text: string): number {
  return text.split(/\r\n|\r|\n/).length - 1;
}

function brokenQuote(source: string, line: number): FlamingoError {
  return new FlamingoError(
    "INVALID_DATA",
    `line ${line} of ${source} has a double quote that does not close its field`,
    {
      source,
      fix: 'put the whole field in double quotes, and double those inside it: "a ""big"" dog"',
    },
  );
}
