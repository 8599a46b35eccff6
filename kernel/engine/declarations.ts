import type * as TypeScript from "typescript";
import { typescript as ts } from "./tslabModules.ts";

/** One declared name. `value` and `type` tell in which of the two it is declared; a class is in both. */
interface Declaration {
  name: string;
  text: string;
  value: boolean;
  type: boolean;
  isImport?: true;
}

const word = /[\p{ID_Start}$_][\p{ID_Continue}$]*/gu;

/** What the cells so far have declared, as the text of a declaration file: the scope in which the next cell is compiled. */
export class Declarations {
  #declared: Declaration[];
  #text: string | undefined;

  constructor(text = "") {
    this.#declared = parse(text);
  }

  get text(): string {
    this.#text ??= this.#declared.map(({ text }) => text).join("\n");
    return this.#text;
  }

  /**
   * The declarations that code speaks of, and those that these speak of: so a cell is compiled in a small scope, and as
   * before where that has not changed. Imports are there always, for a program with other imports is made anew.
   */
  mentionedBy(code: string): string {
    const mentioned = new Set<string>();
    const known = new Set(this.#declared.map(({ name }) => name));
    const visit = (text: string) => {
      for (const [name] of text.matchAll(word)) {
        if (mentioned.has(name) || !known.has(name)) continue;
        mentioned.add(name);
        for (const declaration of this.#declared) if (declaration.name === name) visit(declaration.text);
      }
    };
    visit(code);
    const relevant = this.#declared.filter(({ name, isImport }) => isImport || mentioned.has(name));
    return relevant.map(({ text }) => text).join("\n");
  }

  /**
   * Adds what a cell declares, in place of what had the same name.
   * @param text the cell's declaration file
   * @param keep whether a value is there; where it is not, what had its name before stays declared
   */
  add(text: string, keep: (name: string) => boolean = () => true): void {
    const added = parse(text).filter(({ name, value }) => !value || keep(name));
    if (added.length === 0) return;
    const values = new Set(added.filter(({ value }) => value).map(({ name }) => name));
    const types = new Set(added.filter(({ type }) => type).map(({ name }) => name));
    const remaining = this.#declared.flatMap((declaration) => {
      const { name } = declaration;
      if (declaration.value && values.has(name)) return [];
      if (!declaration.type || !types.has(name)) return [declaration];
      // The name stands for another type now, and its value is there still.
      return declaration.value ? [{ name, text: `declare let ${name}: any;`, value: true, type: false }] : [];
    });
    this.#declared = [...added, ...remaining];
    this.#text = undefined;
  }
}

/** The values among the names that a declaration file declares. */
export function declaredValues(text: string): string[] {
  return parse(text).flatMap(({ name, value }) => (value ? [name] : []));
}

function parse(text: string): Declaration[] {
  if (!text.trim()) return [];
  const file = ts.createSourceFile("cell.d.ts", text, ts.ScriptTarget.Latest, false);
  return file.statements.flatMap((statement) => declarationsOf(statement, file));
}

function declarationsOf(statement: TypeScript.Statement, file: TypeScript.SourceFile): Declaration[] {
  const slice = (node: TypeScript.Node) => file.text.slice(node.getStart(file, true), node.end);
  if (ts.isVariableStatement(statement)) {
    const { declarations, flags } = statement.declarationList;
    const keyword = flags & ts.NodeFlags.Const ? "const" : "let";
    const [documentation = ""] = slice(statement).match(/^\/\*\*[\s\S]*?\*\//) ?? [];
    return declarations.flatMap((declaration) => {
      if (!ts.isIdentifier(declaration.name)) return [];
      const text = `${documentation}declare ${keyword} ${slice(declaration)};`;
      return [{ name: declaration.name.text, text, value: true, type: false }];
    });
  }
  if (ts.isImportDeclaration(statement)) return importsOf(statement, slice);
  if (ts.isImportEqualsDeclaration(statement))
    return [{ name: statement.name.text, text: slice(statement), value: true, type: true }];
  const both = ts.isClassDeclaration(statement) || ts.isEnumDeclaration(statement) || ts.isModuleDeclaration(statement);
  const type = both || ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement);
  if (!type && !ts.isFunctionDeclaration(statement)) return [];
  return statement.name ? [{ name: statement.name.text, text: slice(statement), value: both || !type, type }] : [];
}

/** One import for each name. What is imported counts as a value and a type: which it is, only the checker knows. */
function importsOf(
  { importClause, moduleSpecifier }: TypeScript.ImportDeclaration,
  slice: (node: TypeScript.Node) => string,
): Declaration[] {
  if (!importClause) return [];
  const from = slice(moduleSpecifier);
  const kind = importClause.isTypeOnly ? "import type" : "import";
  const imported = (name: TypeScript.Identifier, clause: string): Declaration => ({
    name: name.text,
    text: `${kind} ${clause} from ${from};`,
    value: !importClause.isTypeOnly,
    type: true,
    isImport: true,
  });
  const { name, namedBindings } = importClause;
  return [
    ...(name ? [imported(name, name.text)] : []),
    ...(namedBindings && ts.isNamespaceImport(namedBindings)
      ? [imported(namedBindings.name, `* as ${namedBindings.name.text}`)]
      : []),
    ...(namedBindings && ts.isNamedImports(namedBindings)
      ? namedBindings.elements.map((element) => imported(element.name, `{ ${slice(element)} }`))
      : []),
  ];
}
