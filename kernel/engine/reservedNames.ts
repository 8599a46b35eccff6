import type * as TypeScript from "typescript";
import { typescript as ts } from "./tslabModules.ts";

/** What a cell's script finds under these names: the variables of all cells, and what imports. */
const reserved = ["exports", "require"];

/** Where a cell declares names at its top that are taken there, as errors. The compiler allows it; the script would not even start. */
export function reservedNames(file: TypeScript.SourceFile): TypeScript.Diagnostic[] {
  const { locals } = file as unknown as { locals?: ReadonlyMap<string, TypeScript.Symbol> };
  return reserved.flatMap((name): TypeScript.Diagnostic[] => {
    const symbol = locals?.get(name);
    const isThere = symbol && symbol.flags & (ts.SymbolFlags.Value | ts.SymbolFlags.Alias);
    const declaration = isThere ? symbol.declarations?.[0] : undefined;
    if (!declaration) return [];
    const at = ts.getNameOfDeclaration(declaration) ?? declaration;
    const start = at.getStart(file);
    const messageText = `Duplicate identifier '${name}'. Cells import and share their variables by it; choose another name.`;
    return [{ category: ts.DiagnosticCategory.Error, code: 2441, file, start, length: at.end - start, messageText }];
  });
}
