import type * as TypeScript from "typescript";
import type { Completeness } from "./engine.ts";
import { typescript as ts, tslabConverter } from "./tslabModules.ts";

/** Makes the code a module, so that await may stand at its top. */
const prefix = "export {};";
const unterminatedString = 1002;

/** Whether code can be run as it is, needs more lines, or cannot be mended by more lines. */
export function completenessOf(code: string): Completeness {
  const text = prefix + code;
  const file = ts.createSourceFile("cell.ts", text, ts.ScriptTarget.Latest, false);
  const { parseDiagnostics } = file as unknown as { parseDiagnostics: TypeScript.DiagnosticWithLocation[] };
  const [first] = parseDiagnostics;
  if (!first) return { status: "complete" };
  // What is missing is missing at the end: behind it are blanks and comments at most.
  const end = file.endOfFileToken.getStart(file);
  if (first.start < end || first.code === unterminatedString) return { status: "invalid" };
  return { status: "incomplete", indent: indentAfter(code) };
}

function indentAfter(code: string): string {
  const { indent } = tslabConverter.isCompleteCode(code.replace(/\s+$/, ""));
  return indent ?? code.match(/[^\n]*$/)?.[0].match(/^\s*/)?.[0] ?? "";
}
