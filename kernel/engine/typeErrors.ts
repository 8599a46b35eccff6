import { relative } from "node:path";
import type * as TypeScript from "typescript";
import { excerptOf, type Place } from "./cellSources.ts";
import type { CellError } from "./engine.ts";
import { type TslabDiagnostic, typescript as ts } from "./tslabModules.ts";

/** What the compiler puts before a cell's code. */
const prefixLines = 1;

/** An error of the compiler, at a place counted from 1. */
interface TypeFault {
  message: string;
  /** The cell or file. */
  name: string;
  /** All that stands there. */
  source: string;
  line: number;
  column: number;
  length: number;
}

/**
 * What is wrong with a cell by its text and types: every error, with its line. Where it cannot even be read, only that.
 * @param file the cell as the compiler saw it; errors of other files are told by these files' names
 */
export function typeErrors(
  diagnostics: readonly TypeScript.Diagnostic[],
  file: TypeScript.SourceFile,
  code: string,
  cellName: string,
  folder: string,
): CellError {
  const syntactic = diagnostics.filter((diagnostic) => diagnostic.code < 2000);
  const faults = (syntactic.length > 0 ? syntactic : diagnostics).map((diagnostic): TypeFault => {
    const at = diagnostic.file ?? file;
    const start = at.getLineAndCharacterOfPosition(diagnostic.start ?? 0);
    const place = { line: start.line + 1, column: start.character + 1, length: diagnostic.length ?? 1 };
    const message = `TS${diagnostic.code}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n")}`;
    if (at !== file) return { message, name: relative(folder, at.fileName), source: at.text, ...place };
    return { message, name: cellName, source: code, ...place, line: place.line - prefixLines };
  });
  return told(faults);
}

/** What is wrong with a cell that defines a module (`@module`). */
export function moduleErrors(diagnostics: readonly TslabDiagnostic[], code: string, cellName: string): CellError {
  return told(
    diagnostics.map(({ code: number, messageText, start, end }) => ({
      message: `TS${number}: ${messageText}`,
      name: cellName,
      source: code,
      line: start.line + 1,
      column: start.character + 1,
      length: end.offset - start.offset,
    })),
  );
}

function told(faults: TypeFault[]): CellError {
  const errors = faults.map((fault) => {
    const { message, name, source, length } = fault;
    const place = within(source, fault);
    const excerpt = excerptOf(source, place, 0, length);
    return { message, where: `${name}:${place.line}:${place.column}`, excerpt };
  });
  const [first] = errors;
  const others = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  return {
    name: "TypeScript",
    message: first ? `${first.message} at ${first.where}${others}` : "the cell cannot be compiled",
    traceback: errors.flatMap(({ message, where, excerpt }) => [...`${where} - ${message}`.split("\n"), ...excerpt]),
  };
}

/** Where code ends too early, the compiler points behind its last line. */
function within(source: string, { line, column }: Place): Place {
  const lines = source.split("\n");
  return line > lines.length ? { line: lines.length, column: lines.at(-1)!.length + 1 } : { line, column };
}
