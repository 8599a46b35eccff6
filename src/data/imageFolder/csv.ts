import { FlamingoError } from "../../core/errors.ts";

/** A row of a table, and the line of the file on which it starts. */
export interface CsvRow {
  line: number;
  fields: string[];
}

/**
 * Splits comma-separated text into rows: fields may stand in double quotes, and then hold commas, line breaks and, doubled,
 * double quotes. Lines end in LF or CRLF; empty lines are passed over.
 *
 * @param source name of the file, for the error
 * @throws FlamingoError INVALID_DATA if a quote is never closed or goes on after its end
 * @see RFC 4180
 */
export function parseCsv(text: string, source: string): CsvRow[] {
  const rows: CsvRow[] = [];
  let line = 1;
  let row: CsvRow = { line, fields: [] };
  // A field, plain or in quotes, and what ends it; sticky, so that nothing is passed over.
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n][^,\r\n]*)?)(,|\r?\n|\r|$)/gy;
  while (field.lastIndex < text.length || row.fields.length > 0) {
    const match = field.exec(text);
    if (!match) throw brokenQuote(source, line);
    const [whole, quoted, plain = "", end] = match;
    row.fields.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'));
    line += whole.split(/\r\n|\r|\n/).length - 1;
    if (end === ",") continue;
    if (row.fields.some((each) => each !== "")) rows.push(row);
    row = { line, fields: [] };
  }
  return rows;
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
