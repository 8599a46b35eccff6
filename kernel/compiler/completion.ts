import ts from "typescript";
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
import type { Completion, FoundCompletions } from "./protocol.ts";

/** What TypeScript keeps internal, and completion needs. */
type Internals = {
  findPrecedingToken(position: number, file: ts.SourceFile): ts.Node | undefined;
};
type InternalChecker = ts.TypeChecker & {
  resolveName(name: string, at: ts.Node, meaning: ts.SymbolFlags, no: boolean): ts.Symbol;
};
const { findPrecedingToken } = ts as typeof ts & Internals;

const aliasKind: string = ts.ScriptElementKind.alias;

const anyMeaning = ts.SymbolFlags.Value | ts.SymbolFlags.Type | ts.SymbolFlags.Alias;

/**
 * How long candidates are described, in milliseconds; the rest goes without. Types come last, for they take longest, and the
 * first candidate is described in any case.
 */
const patience = 8;

const word = /[\p{ID_Continue}$]*$/u;

/**
 * What can stand at a position of a file, with types and documentation.
 * @param position of the cursor
 */
export function describeCompletions(service: ts.LanguageService, path: string, position: number): FoundCompletions {
  const found = service.getCompletionsAtPosition(path, position, { includeCompletionsWithInsertText: false });
  const program = service.getProgram()!;
  const file = program.getSourceFile(path)!;
  const written = word.exec(file.text.slice(0, position))?.[0] ?? "";
  const rest = /^[\p{ID_Continue}$]*/u.exec(file.text.slice(position))?.[0] ?? "";
  const [start, end] = [position - written.length, position + rest.length];
  const entries = (found?.entries ?? []).filter(({ name }) => name.toLowerCase().startsWith(written.toLowerCase()));
  const replaced = found?.optionalReplacementSpan ?? found?.entries[0]?.replacementSpan;
  const location = findPrecedingToken(position, file) ?? file;
  if (ts.isStringLiteralLike(location)) {
    const from = replaced?.start ?? start;
    const before = file.text.slice(from, position);
    return {
      start: from,
      end: replaced ? Math.max(position, replaced.start + replaced.length) : end,
      items: (found?.entries ?? [])
        .filter(({ name }) => name.startsWith(before))
        .map(({ name, kind }) => ({ text: name, kind: kind as string })),
    };
  }
  const checker = program.getTypeChecker() as InternalChecker;
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
  const untyped: { item: Completion; symbol: ts.Symbol; subject: Subject | undefined }[] = [];
  const items = entries.map(({ name: text, kind: elementKind }, index): Completion => {
    const kind: string = elementKind;
    const known = steady && descriptionAt([steady, text]);
    if (known) return { text, kind, ...known };
    const symbol =
      kind === "keyword" || (index > 0 && performance.now() > until) ? undefined : aliased(checker, symbolOf(text));
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
  const isUntyped = owner && type && type.flags & ts.TypeFlags.Any;
  const chain = isUntyped ? chainOf(owner) : undefined;
  return { start, end, items, ...(chain ? { untyped: { path: chain, written } } : {}) };
}

/** The expression before the dot behind which the cursor is. */
function ownerOf(token: ts.Node): ts.Node | undefined {
  const { parent } = token;
  if (!parent) return undefined;
  if (ts.isPropertyAccessExpression(parent) && (parent.name === token || token.kind !== ts.SyntaxKind.Identifier))
    return token.pos >= parent.expression.end ? parent.expression : undefined;
  return ts.isQualifiedName(parent) && token.pos >= parent.left.end ? parent.left : undefined;
}

/** What an object literal is to be, where the cursor is at one of its keys. */
function contextOf(token: ts.Node, checker: ts.TypeChecker): ts.Type | undefined {
  const literal = ts.isObjectLiteralExpression(token.parent ?? token) ? token.parent : token.parent?.parent;
  const isKey = token.parent === literal || (ts.isShorthandPropertyAssignment(token.parent) && literal);
  return isKey && literal && ts.isObjectLiteralExpression(literal) ? checker.getContextualType(literal) : undefined;
}

/** A type of a namespace, which is no property of its value. */
function exportOf(checker: ts.TypeChecker, owner: ts.Node, name: string): ts.Symbol | undefined {
  const symbol = aliased(checker, checker.getSymbolAtLocation(owner));
  if (!symbol || !(symbol.flags & ts.SymbolFlags.Module)) return undefined;
  return checker.getExportsOfModule(symbol).find((exported) => exported.name === name);
}

/** The names of `a.b.c`; undefined where it is something else. */
function chainOf(node: ts.Node): string[] | undefined {
  if (ts.isIdentifier(node)) return [node.text];
  if (!ts.isPropertyAccessExpression(node)) return undefined;
  const owner = chainOf(node.expression);
  return owner && [...owner, node.name.text];
}
