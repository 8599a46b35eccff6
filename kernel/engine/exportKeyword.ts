import type * as TypeScript from "typescript";
import { typescript as ts } from "./tslabModules.ts";

/**
 * A cell's code with blanks in place of `export` before declarations. All that a cell declares is exported anyway, and a
 * second time is an error; code that comes out of a module's file should run as it is.
 */
export function withoutExport(code: string): string {
  if (!/\bexport\b/.test(code)) return code;
  const file = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.Latest, false);
  let text = code;
  for (const statement of file.statements) {
    if (!ts.canHaveModifiers(statement)) continue;
    const modifiers: readonly TypeScript.Modifier[] = ts.getModifiers(statement) ?? [];
    if (modifiers.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)) continue;
    const keyword = modifiers.find(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (!keyword) continue;
    const start = keyword.getStart(file);
    text = text.slice(0, start) + " ".repeat(keyword.end - start) + text.slice(keyword.end);
  }
  return text;
}
