import type * as TypeScript from "typescript";
import {
  aliased,
  descriptionAt,
  documentationOf,
  keepDescription,
  kindOf,
  type Subject,
  steadyOwner,
  subjectOf,
  typeOf,
} from "./descriptions.ts";
import type { Completion, Completions } from "./engine.ts";
import { type TslabCompletions, typescript } from "./tslabModules.ts";

/** What TypeScript keeps internal, and completion needs. */
type Internals = {
  findPrecedingToken(position: number, file: TypeScript.SourceFile): TypeScript.Node | undefined;
};
type InternalChecker = TypeScript.TypeChecker & {
  resolveName(name: string, at: TypeScript.Node, meaning: TypeScript.SymbolFlags, no: boolean): TypeScript.Symbol;
};
const ts = typescript as typeof typescript & Internals;

const aliasKind: string = ts.ScriptElementKind.alias;

const anyMeaning = ts.SymbolFlags.Value | ts.SymbolFlags.Type | ts.SymbolFlags.Alias;

/**
 * How long candidates are described, in milliseconds; the rest goes without. Types come last, for they take longest, and the
 * first candidate is described in any case.
 */
const patience = 8;

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
  const steady = owner && type && steadyOwner(checker, owner, type);
  const until = performance.now() + patience;
  const untyped: { item: Completion; symbol: TypeScript.Symbol; subject: Subject | undefined }[] = [];
  const items = candidates.map((text): Completion => {
    const kind = kinds.get(text) ?? "";
    const known = steady && descriptionAt([steady, text]);
    if (known) return { text, kind, ...known };
    const symbol = kind === "keyword" || performance.now() > until ? undefined : aliased(checker, symbolOf(text));
    if (!symbol) return { text, kind };
    const subject = steady ? ([steady, text] as const) : subjectOf(symbol);
    const described = subject && descriptionAt(subject);
    if (described) return { text, kind, ...described };
    const item = { text, kind, ...(kind === aliasKind && kindOf(symbol)), ...documentationOf(checker, symbol) };
    untyped.push({ item, symbol, subject });
    return item;
  });
  for (const [index, { item, symbol, subject }] of untyped.entries()) {
    if (index > 0 && performance.now() > until) break;
    Object.assign(item, typeOf(checker, symbol, location));
    const { text: _, ...description } = item;
    if (subject) keepDescription(subject, description);
  }
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
  const symbol = aliased(checker, checker.getSymbolAtLocation(owner));
  if (!symbol || !(symbol.flags & ts.SymbolFlags.Module)) return undefined;
  return checker.getExportsOfModule(symbol).find((exported) => exported.name === name);
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
