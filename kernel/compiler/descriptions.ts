import ts from "typescript";
import type { Completion } from "./protocol.ts";

/** What is said of a name beside it; of what was imported or exported on, also what it is. */
export type Description = Pick<Completion, "type" | "documentation"> & Partial<Pick<Completion, "kind">>;

/** What a library declares: a declaration and the name of one of its members, or "" for itself. */
export type Subject = readonly [ts.Declaration, string];

/** What was said of what libraries declare, which takes long to find out: their files stay the same while the cells change. */
const descriptions = new WeakMap<ts.Declaration, Map<string, Description>>();

export function descriptionAt([declaration, name]: Subject): Description | undefined {
  return descriptions.get(declaration)?.get(name);
}

export function keepDescription([declaration, name]: Subject, description: Description): void {
  const known = descriptions.get(declaration) ?? new Map<string, Description>();
  descriptions.set(declaration, known.set(name, description));
}

/**
 * Describes what a library exports, so that completing its names need not.
 * @param name of the library's file
 * @param until when to stop, as `performance.now()` counts
 * @returns whether nothing is left to describe
 */
export function describeExports(program: ts.Program, name: string, until: number): boolean {
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(name);
  const module = file && checker.getSymbolAtLocation(file);
  if (!module) return true;
  for (const exported of checker.getExportsOfModule(module)) {
    const subject: Subject = [file, exported.name];
    if (descriptionAt(subject)) continue;
    if (performance.now() > until) return false;
    const symbol = aliased(checker, exported);
    const kind = symbol === exported ? {} : kindOf(symbol);
    keepDescription(subject, { ...kind, ...documentationOf(checker, symbol), ...typeOf(checker, symbol, file) });
  }
  return true;
}

/** What an import or export stands for. */
export function aliased<Named extends ts.Symbol | undefined>(checker: ts.TypeChecker, symbol: Named): Named {
  return symbol && symbol.flags & ts.SymbolFlags.Alias ? (checker.getAliasedSymbol(symbol) as Named) : symbol;
}

/** Where what is said of something is kept; nowhere for what cells declare. */
export function subjectOf({ declarations }: ts.Symbol): Subject | undefined {
  const declaration = declarations?.find(isTopOfLibrary);
  return declaration && [declaration, ""];
}

/** What a library declares and whose members are asked for, where they are the same wherever it is written. */
export function steadyOwner(checker: ts.TypeChecker, owner: ts.Node, type: ts.Type): ts.Declaration | undefined {
  const symbol = aliased(checker, checker.getSymbolAtLocation(owner));
  const declaration = symbol?.declarations?.find(isTopOfLibrary);
  // The code around may have narrowed its type.
  return declaration && checker.getTypeOfSymbolAtLocation(symbol!, declaration) === type ? declaration : undefined;
}

const kinds = [
  [ts.SymbolFlags.Function, ts.ScriptElementKind.functionElement],
  [ts.SymbolFlags.Class, ts.ScriptElementKind.classElement],
  [ts.SymbolFlags.Enum, ts.ScriptElementKind.enumElement],
  [ts.SymbolFlags.Variable, ts.ScriptElementKind.constElement],
  [ts.SymbolFlags.Module, ts.ScriptElementKind.moduleElement],
  [ts.SymbolFlags.Interface, ts.ScriptElementKind.interfaceElement],
  [ts.SymbolFlags.TypeAlias, ts.ScriptElementKind.typeElement],
] as const;

/** What a symbol is, in TypeScript's words: of a value that is a type as well, the value. */
export function kindOf({ flags }: ts.Symbol): Pick<Description, "kind"> {
  const kind = kinds.find(([flag]) => flags & flag)?.[1];
  return kind ? { kind } : {};
}

export function documentationOf(checker: ts.TypeChecker, symbol: ts.Symbol): Description {
  const parts = symbol.getDocumentationComment(checker);
  return parts.length > 0 ? { documentation: parts.map(({ text }) => text).join("") } : {};
}

/** The type of a value, as people read it. */
export function typeOf(checker: ts.TypeChecker, symbol: ts.Symbol, location: ts.Node): Description {
  if (!(symbol.flags & ts.SymbolFlags.Value)) return {};
  const type = checker.getTypeOfSymbolAtLocation(symbol, location);
  // Without a subject: from there, the compiler would look for the shortest way to every name in it, for long.
  const [signature, ...others] = type.getCallSignatures();
  if (!signature) return { type: withoutPaths(checker.typeToString(type)) };
  const overloads = others.length > 0 ? ` (+${others.length} overload${others.length > 1 ? "s" : ""})` : "";
  return { type: withoutPaths(checker.signatureToString(signature)) + overloads };
}

/** A type's text without the files in which its parts are declared. */
export function withoutPaths(type: string): string {
  return type.replace(/import\("[^"]*"\)\./g, "");
}

/**
 * A declaration that stands by itself in a file that cells do not change. A whole module may be one, too. A member of a
 * generic type is none: it has another type with each of its owners.
 */
function isTopOfLibrary(declaration: ts.Declaration): boolean {
  const { fileName } = declaration.getSourceFile();
  if (!fileName.endsWith(".d.ts")) return false;
  if (ts.isSourceFile(declaration)) return true;
  const { parent } = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return ts.isSourceFile(parent) || ts.isModuleBlock(parent);
}
