import { relative } from "node:path";
import ts from "typescript";
import { excerptOf, type Place } from "./excerpt.ts";
import type { CompileError } from "./protocol.ts";

/** The cell or file that was compiled. */
interface Subject {
  /** As the compiler saw it. */
  file: ts.SourceFile;
  /** As it was written. */
  code: string;
  name: string;
  linesBefore: number;
  /** Other files are named from here. */
  folder: string;
}

/** An error of the compiler, at a place counted from 1. */
interface TypeFault extends Place {
  message: string;
  /** The cell or file. */
  name: string;
  /** All that stands there. */
  source: string;
  length: number;
}

/** What is wrong with a cell by its text and types: every error, with its line. Where it cannot even be read, only that. */
export function compileError(
  diagnostics: readonly ts.Diagnostic[],
  { file, code, name, linesBefore, folder }: Subject,
): CompileError {
  const syntactic = diagnostics.filter((diagnostic) => diagnostic.code < 2000 || diagnostic.code >= 17000);
  const faults = (syntactic.length > 0 ? syntactic : diagnostics).map((diagnostic): TypeFault => {
    const at = diagnostic.file ?? file;
    const start = at.getLineAndCharacterOfPosition(diagnostic.start ?? 0);
    const place = { line: start.line + 1, column: start.character + 1, length: diagnostic.length ?? 1 };
    const message = `TS${diagnostic.code}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n")}`;
    if (at !== file) return { message, name: relative(folder, at.fileName), source: at.text, ...place };
    return { message, name, source: code, ...place, line: Math.max(1, place.line - linesBefore) };
  });
  const errors = faults.map((fault) => {
    const { message, source, length } = fault;
    const place = within(source, fault);
    const excerpt = excerptOf(source, place, 0, length);
    return { message, where: `${fault.name}:${place.line}:${place.column}`, excerpt };
  });
  const [first] = errors;
  const others = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  return {
    message: first ? `${first.message} at ${first.where}${others}` : "the cell cannot be compiled",
    traceback: errors.flatMap(({ message, where, excerpt }) => [...`${where} - ${message}`.split("\n"), ...excerpt]),
  };
}

/** Where code ends too early, the compiler points behind its last line. */
function within(source: string, { line, column }: Place): Place {
  const lines = source.split("\n");
  return line > lines.length ? { line: lines.length, column: lines.at(-1)!.length + 1 } : { line, column };
}
