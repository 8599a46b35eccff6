import type * as TypeScript from "typescript";
import type { Completion, Completions } from "./engine.ts";
import { type TslabCompletions, typescript } from "./tslabModules.ts";

/** What TypeScript keeps internal, and completion needs. */
type Internals = {
  findPrecedingToken(position: number, file: TypeScript.SourceFile): TypeScript.Node | undefined;
};
type InternalChecker = TypeScript.TypeChecker & {
  resolveName(name: string, at: TypeScript.Node, meaning: TypeScript.SymbolFlags, no: boolean): TypeScript.Symbol;
};
type Description = Pick<Completion, "type" | "documentation">;

const ts = typescript as typeof typescript & Internals;

const anyMeaning = ts.SymbolFlags.Value | ts.SymbolFlags.Type | ts.SymbolFlags.Alias;

/** How long candidates are described, in milliseconds. The rest goes without; completing again describes more. */
const patience = 8;

/** What was said of what libraries declare: their files stay the same while the cells change. */
const descriptions = new WeakMap<TypeScript.Declaration, Description>();

/**
 * Adds types and documentation to tslab's completions.
 * @param position of the cursor in the file
 * @param lookUp the value of a name at run time, whose properties are offered where its type is not known
 */
export function describeCompletions(
  { start, end, candidates, original }: TslabCompletions,
  program: TypeScript.Program,
  file: TypeScript.SourceFile,
  position: number,
  lookUp: (name: string) => unknown,
): Completions {
  const checker = program.getTypeChecker() as InternalChecker;
  const kinds = new Map(original?.entries.map(({ name, kind }) => [name, kind as string]));
  const location = ts.findPrecedingToken(position, file) ?? file;
  const owner = ownerOf(location);
  const type = owner && checker.getTypeAtLocation(owner);
  const context = contextOf(location, checker);
  const symbolOf = (name: string) => {
    if (context) return checker.getPropertyOfType(context, name);
    if (!owner || !type) return checker.resolveName(name, location, anyMeaning, false);
    return checker.getPropertyOfType(checker.getApparentType(type), name) ?? exportOf(checker, owner, name);
  };
  const until = performance.now() + patience;
  const items = candidates.map((text): Completion => {
    const kind = kinds.get(text) ?? "";
    const symbol = kind === "keyword" || performance.now() > until ? undefined : symbolOf(text);
    return { text, kind, ...(symbol ? describe(checker, symbol, location) : {}) };
  });
  if (owner && type && type.flags & ts.TypeFlags.Any) {
    const written = file.text.slice(position - (end - start), position).match(/[\w$]*$/)?.[0] ?? "";
    const known = new Set(candidates);
    items.push(...propertiesOf(valueAt(owner, lookUp), written).filter(({ text }) => !known.has(text)));
  }
  return { start, end, items };
}

/** The expression before the dot behind which the cursor is. */
function ownerOf(token: TypeScript.Node): TypeScript.Node | undefined {
  const { parent } = token;
  if (!parent) return undefined;
  if (ts.isPropertyAccessExpression(parent) && (parent.name === token || token.kind !== ts.SyntaxKind.Identifier))
    return token.pos >= parent.expression.end ? parent.expression : undefined;
  return ts.isQualifiedName(parent) && token.pos >= parent.left.end ? parent.left : undefined;
}

/** What an object literal is to be, where the cursor is at one of its keys. */
function contextOf(token: TypeScript.Node, checker: TypeScript.TypeChecker): TypeScript.Type | undefined {
  const literal = ts.isObjectLiteralExpression(token.parent ?? token) ? token.parent : token.parent?.parent;
  const isKey = token.parent === literal || (ts.isShorthandPropertyAssignment(token.parent) && literal);
  return isKey && literal && ts.isObjectLiteralExpression(literal) ? checker.getContextualType(literal) : undefined;
}

/** A type of a namespace, which is no property of its value. */
function exportOf(
  checker: TypeScript.TypeChecker,
  owner: TypeScript.Node,
  name: string,
): TypeScript.Symbol | undefined {
  let symbol = checker.getSymbolAtLocation(owner);
  if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
  if (!symbol || !(symbol.flags & ts.SymbolFlags.Module)) return undefined;
  return checker.getExportsOfModule(symbol).find((exported) => exported.name === name);
}

function describe(checker: TypeScript.TypeChecker, named: TypeScript.Symbol, location: TypeScript.Node): Description {
  const symbol = named.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(named) : named;
  const [declaration] = symbol.declarations ?? [];
  // A member of a generic type has another type with each of its owners.
  const isSteady = declaration && isTopOfLibrary(declaration);
  const known = isSteady ? descriptions.get(declaration) : undefined;
  if (known) return known;
  const type = typeOf(checker, symbol, location);
  const documentation = symbol.getDocumentationComment(checker).map(({ text }) => text);
  const text = documentation.join("");
  const description = { ...(type ? { type } : {}), ...(text ? { documentation: text } : {}) };
  if (isSteady) descriptions.set(declaration, description);
  return description;
}
/** A declaration that stands by itself in a file that cells do not change. A whole module may be one, too. */
function isTopOfLibrary(declaration: TypeScript.Declaration): boolean {
  const { fileName } = declaration.getSourceFile();
  if (!fileName.endsWith(".d.ts") || fileName.endsWith("/__prev__.d.ts")) return false;
  if (ts.isSourceFile(declaration)) return true;
  const { parent } = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return ts.isSourceFile(parent) || ts.isModuleBlock(parent);
}

function typeOf(
  checker: TypeScript.TypeChecker,
  symbol: TypeScript.Symbol,
  location: TypeScript.Node,
): string | undefined {
  if (!(symbol.flags & ts.SymbolFlags.Value)) return undefined;
  const type = checker.getTypeOfSymbolAtLocation(symbol, location);
  // Without a place: from there, the compiler would look for the shortest way to every name in it, for long.
  const [signature, ...others] = type.getCallSignatures();
  if (!signature) return withoutPaths(checker.typeToString(type));
  const overloads = others.length > 0 ? ` (+${others.length} overload${others.length > 1 ? "s" : ""})` : "";
  return withoutPaths(checker.signatureToString(signature)) + overloads;
}

/** A type's text without the files in which its parts are declared. */
export function withoutPaths(type: string): string {
  return type.replace(/import\("[^"]*"\)\./g, "");
}

/** The value of a chain of names, `a.b.c`, without running any code of the value. */
function valueAt(node: TypeScript.Node, lookUp: (name: string) => unknown): unknown {
  if (ts.isIdentifier(node)) return lookUp(node.text);
  if (!ts.isPropertyAccessExpression(node)) return undefined;
  return valueOfProperty(valueAt(node.expression, lookUp), node.name.text);
}

function valueOfProperty(owner: unknown, name: string): unknown {
  for (let holder = owner; isHolder(holder); holder = Object.getPrototypeOf(holder)) {
    const property = Object.getOwnPropertyDescriptor(holder, name);
    if (property) return property.value as unknown;
  }
  return undefined;
}

function propertiesOf(value: unknown, written: string): Completion[] {
  const names = new Map<string, Completion>();
  if (value === undefined || value === null) return [];
  const start: unknown = isHolder(value) ? value : Object.getPrototypeOf(value);
  for (let holder = start; isHolder(holder) && holder !== Object.prototype; holder = Object.getPrototypeOf(holder))
    for (const text of Object.getOwnPropertyNames(holder)) {
      if (names.has(text) || text === "constructor" || !/^[A-Za-z_$][\w$]*$/.test(text)) continue;
      if (!text.toLowerCase().startsWith(written.toLowerCase())) continue;
      const property = valueOfProperty(holder, text);
      names.set(text, { text, kind: typeof property === "function" ? "method" : "property" });
    }
  return [...names.values()];
}

function isHolder(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
