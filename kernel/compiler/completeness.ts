import ts from "typescript";
import type { Completeness } from "./protocol.ts";

/** Makes the code a module, so that await may stand at its top. */
const prefix = "export {};";
const unterminatedString = 1002;

/** Whether code can be run as it is, needs more lines, or cannot be mended by more lines. */
export function completenessOf(code: string): Completeness {
  // Each way in which a cell may be read (compiler.ts).
  const readings = [stateOf(prefix + code, ts.ScriptKind.TS)];
  if (/^(\s|\/\/.*|\/\*[\s\S]*?\*\/)*\{/.test(code)) readings.push(stateOf(`(\n${code}`, ts.ScriptKind.TS, ")"));
  if (code.includes("<")) readings.push(stateOf(prefix + code, ts.ScriptKind.TSX));
  if (readings.includes("complete")) return { status: "complete" };
  return readings.includes("incomplete") ? { status: "incomplete", indent: indentAfter(code) } : { status: "invalid" };
}

/** @param end which makes code complete that lacks nothing else */
function stateOf(code: string, kind: ts.ScriptKind, end = ""): Completeness["status"] {
  if (!firstError(code + end, kind)) return "complete";
  const error = firstError(code, kind);
  if (!error || error.code === unterminatedString) return "invalid";
  // What is missing is missing at the end: behind it are blanks and comments at most.
  return /^(\s|\/\/.*|\/\*[\s\S]*?\*\/)*$/.test(code.slice(error.start)) ? "incomplete" : "invalid";
}

function firstError(code: string, kind: ts.ScriptKind): ts.DiagnosticWithLocation | undefined {
  const file = ts.createSourceFile("cell.tsx", code, ts.ScriptTarget.Latest, false, kind);
  return (file as unknown as { parseDiagnostics: ts.DiagnosticWithLocation[] }).parseDiagnostics[0];
}

/** What the next line starts with: two blanks more behind an opening bracket. */
function indentAfter(code: string): string {
  const last = code.trimEnd().split("\n").at(-1) ?? "";
  const indent = /^\s*/.exec(last)?.[0] ?? "";
  return /[([{]$/.test(last) ? `${indent}  ` : indent;
}
