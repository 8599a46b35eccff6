import ts from "typescript";
import type { Container } from "./cellScope.ts";
import { Rewriter } from "./rewriter.ts";

/** What a script imports from one module. */
export interface ScriptImport {
  specifier: string;
  /** What follows `with`. */
  attributes?: Record<string, string>;
  /** The names that are imported; "*" is the whole module. Of a cell, with the variable that holds each. */
  names: { imported: string; local: string; isUsed: boolean }[];
}

/** A module's or a cell's JavaScript as an expression whose value is a function. */
export interface Script {
  code: string;
  /** The source map of the code. */
  map: string;
  /** In the order in which they are loaded. */
  imports: ScriptImport[];
  /** Modules whose names are exported again, as indices of `imports`. */
  stars: number[];
  /** Whether it awaits outside of functions. */
  isAsync: boolean;
}

/** A cell's script. */
export interface CellScript extends Script {
  /** The variables that the cell declares, and after which of its statements each is there; 0 is from the start on. */
  declared: { name: string; at: number }[];
  /** The variables of other cells that it speaks of, also those that a later one may declare. */
  used: string[];
}

type Edits = { rewriter: Rewriter; file: ts.SourceFile };

/** What the compiler keeps internal. */
type InternalFile = ts.SourceFile & { identifiers: ReadonlyMap<string, string> };
const bind = (ts as unknown as { bindSourceFile(file: ts.SourceFile, options: ts.CompilerOptions): void })
  .bindSourceFile;

function parse(code: string): InternalFile {
  const options = {
    languageVersion: ts.ScriptTarget.ESNext,
    jsDocParsingMode: ts.JSDocParsingMode.ParseNone,
    setExternalModuleIndicator: (file: ts.SourceFile) => Object.assign(file, { externalModuleIndicator: true }),
  };
  const file = ts.createSourceFile("script.js", code, options as ts.CreateSourceFileOptions, true, ts.ScriptKind.JS);
  bind(file, { target: ts.ScriptTarget.ESNext, allowJs: true });
  return file as InternalFile;
}

/**
 * Turns a cell into a function of one parameter, through which it reaches the variables of all cells (interpreter/cellScope.ts).
 * Each variable is the property `v` of an object of its own, which all cells share: `const n = 1` becomes `n$.v = 1`, and
 * so a function of an earlier cell sees what a later one declares anew. Also, `await x` becomes `goOn(await x)`, so that
 * a cell that was interrupted ends there, and `import(...)` and `import.meta` become the kernel's own.
 * @param declared the variables that the cell declares, `fresh` those which start without the value that they had
 * @param scope the variables of earlier cells, and names that later ones may declare
 * @param parameter the name of the parameter, which the cell does not use
 */
export function cellScript(
  emitted: { code: string; map: string },
  declared: ReadonlySet<string>,
  fresh: ReadonlySet<string>,
  scope: ReadonlySet<string>,
  parameter: string,
): CellScript {
  const file = parse(emitted.code);
  const rewriter = new Rewriter(emitted.code);
  const unique = uniqueNames(file);
  const variables = new Map<string, string>();
  const own = new Set<string>();
  const variable = (name: string, isOwn = false) => {
    if (isOwn) own.add(name);
    const known = variables.get(name) ?? unique(name);
    variables.set(name, known);
    return `${known}.v`;
  };
  /** Names that the compiler made up, of its helpers for instance; they are nobody else's. */
  const hidden = new Set<string>();
  const { imports, bindings } = importsOf(file);
  for (const [name, binding] of bindings) if (declared.has(name)) binding.isUsed = true;
  const goOn = unique("goOn");
  const functions: string[] = [];
  const places = new Map<string, number>();
  let statements = 0;

  const visitor = new ScriptVisitor({ rewriter, file }, parameter, (identifier, home) => {
    const { text } = identifier;
    if (home && home !== file) return undefined;
    const binding = bindings.get(text);
    if (home === file && binding && !declared.has(text))
      return bindingAccess(binding, `${parameter}.imports[${binding.index}]`);
    const isShared = home === file ? declared.has(text) : scope.has(text) && text !== parameter;
    return isShared ? variable(text) : undefined;
  });
  visitor.goOn = goOn;

  /** `const { a, b: [c] } = value` as an assignment. */
  const assign = (list: ts.VariableDeclarationList, isHead: boolean) => {
    const names = list.declarations.flatMap(({ name }) => namesIn(name));
    if (!names.some((name) => declared.has(name))) return visitor.visitChildren(list);
    for (const name of names) {
      if (declared.has(name)) places.set(name, statements + 1);
      else hidden.add(name);
    }
    const [first] = list.declarations;
    const needsParentheses = !isHead && list.declarations.some(({ name }) => ts.isObjectBindingPattern(name));
    rewriter.replace(list.getStart(file), first!.getStart(file), needsParentheses ? "(" : "");
    for (const { name, initializer } of list.declarations) {
      assignTo(name);
      if (initializer) visitor.visitNamed(ts.isIdentifier(name) ? name.text : undefined, initializer);
      else if (!isHead && ts.isIdentifier(name)) {
        const keeps = (list.flags & ts.NodeFlags.BlockScoped) === 0 && !fresh.has(name.text);
        if (!keeps) rewriter.insert(name.end, " = void 0");
      }
    }
    if (needsParentheses) rewriter.insert(list.end, ")");
  };
  const assignTo = (name: ts.BindingName): void => {
    if (ts.isIdentifier(name)) {
      if (declared.has(name.text)) rewriter.replace(name.getStart(file), name.end, variable(name.text, true));
      return;
    }
    for (const element of name.elements) {
      if (!ts.isBindingElement(element)) continue;
      const { propertyName, initializer } = element;
      if (propertyName && ts.isComputedPropertyName(propertyName)) visitor.visit(propertyName);
      const isShort = ts.isObjectBindingPattern(name) && !propertyName && !element.dotDotDotToken;
      if (isShort && ts.isIdentifier(element.name) && declared.has(element.name.text))
        rewriter.replace(
          element.name.getStart(file),
          element.name.end,
          `${element.name.text}: ${variable(element.name.text, true)}`,
        );
      else assignTo(element.name);
      if (initializer) visitor.visitNamed(ts.isIdentifier(element.name) ? element.name.text : undefined, initializer);
    }
  };
  visitor.visitVariables = (list) => {
    const isStatement = ts.isVariableStatement(list.parent);
    const isOuter = list.flags & ts.NodeFlags.BlockScoped ? isStatement && list.parent.parent === file : isOfFile(list);
    if (!isOuter) return false;
    const { parent } = list;
    assign(list, ts.isForStatement(parent) || ts.isForInStatement(parent) || ts.isForOfStatement(parent));
    return true;
  };

  for (const statement of file.statements) {
    if (ts.isImportDeclaration(statement)) {
      rewriter.replace(statement.getStart(file), statement.end, "");
      continue;
    }
    if (ts.isExportDeclaration(statement)) {
      rewriter.replace(statement.getStart(file), statement.end, "");
      continue;
    }
    if (ts.isExportAssignment(statement)) {
      rewriter.replace(statement.getStart(file), statement.expression.getStart(file), "void (");
      visitor.visit(statement.expression);
      rewriter.insert(statement.expression.end, ")");
      continue;
    }
    const before = places.size;
    removeExport(statement, rewriter, file);
    const name = (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name?.text;
    const isAnonymous = (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && !statement.name;
    if (isAnonymous) rewriter.insert(startOf(statement, file), "void ");
    if (name && declared.has(name) && ts.isFunctionDeclaration(statement)) {
      if (!functions.includes(name)) functions.push(name);
      places.set(name, 0);
      visitor.visitChildren(statement);
      continue;
    }
    if (name && declared.has(name)) {
      places.set(name, statements + 1);
      rewriter.insert(startOf(statement, file), `${variable(name, true)} = `);
      visitor.visitChildren(statement);
      rewriter.insert(statement.end, `; ${parameter}.at = ${++statements};`);
      continue;
    }
    visitor.visit(statement);
    if (places.size > before || [...places.values()].includes(statements + 1))
      rewriter.insert(statement.end, ` ${parameter}.at = ${++statements};`);
  }
  for (const name of functions) variable(name, true);
  const boxes = [...variables].map(
    ([name, text]) => `${text} = ${parameter}.${own.has(name) ? "own" : "variable"}(${JSON.stringify(name)})`,
  );
  const head = [
    visitor.usesGoOn ? `const { goOn: ${goOn} } = ${parameter};` : "",
    boxes.length > 0 ? `const ${boxes.join(", ")};` : "",
    hidden.size > 0 ? `let ${[...hidden].join(", ")};` : "",
    ...functions.map((name) => `${variable(name)} = ${name};`),
  ].join("");
  const kind = visitor.isAsync ? "async function" : "function";
  const prefix = `(${kind} (${parameter}, require, __filename, __dirname) { "use strict"; ${head}`;
  rewriter.finish();
  return {
    ...scriptOf(rewriter, emitted.map, prefix, "\n})"),
    imports,
    stars: [],
    isAsync: visitor.isAsync,
    declared: [...declared].map((name) => ({ name, at: places.get(name) ?? 0 })),
    used: [...variables.keys()].filter((name) => !declared.has(name)),
  };
}

/**
 * Turns an ES module into a generator of one parameter, through which it exports and imports (interpreter/esModule.ts). Its
 * first part ends when its exports are there to be read, functions among them, so that modules may import each other;
 * its second part is its code. What it imports is read where it is used, so that it is what the other module has by then.
 */
export function moduleScript(emitted: { code: string; map: string }): Script {
  const file = parse(emitted.code);
  const rewriter = new Rewriter(emitted.code);
  const unique = uniqueNames(file);
  const parameter = unique("module");
  const { imports, bindings } = importsOf(file);
  const exported = new Map<string, string>();
  const stars: number[] = [];
  const modules = unique("imports");
  const access = (name: string, home: ts.Node | undefined) => {
    const binding = home === file ? bindings.get(name) : undefined;
    return binding && bindingAccess(binding, `${modules}${binding.index}`);
  };
  const visitor = new ScriptVisitor({ rewriter, file }, parameter, ({ text }, home) => access(text, home));
  const indexOf = (specifier: string, attributes: Record<string, string> | undefined) => {
    imports.push({ specifier, names: [], ...(attributes ? { attributes } : {}) });
    return imports.length - 1;
  };

  for (const statement of file.statements) {
    const start = startOf(statement, file);
    if (ts.isImportDeclaration(statement)) {
      rewriter.replace(start, statement.end, "");
      continue;
    }
    if (ts.isExportDeclaration(statement)) {
      const { exportClause, moduleSpecifier } = statement;
      const specifier = moduleSpecifier && ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : undefined;
      const index = specifier === undefined ? -1 : indexOf(specifier, attributesOf(statement.attributes));
      if (!exportClause) stars.push(index);
      else if (ts.isNamespaceExport(exportClause)) exported.set(exportClause.name.text, `${modules}${index}`);
      else
        for (const { name, propertyName } of exportClause.elements) {
          const local = (propertyName ?? name).text;
          const binding = bindings.get(local);
          // What is only exported again may be a type, which the other module does not have when it runs.
          const wasUsed = binding?.isUsed ?? false;
          const value = index < 0 ? (access(local, file) ?? local) : `${modules}${index}[${JSON.stringify(local)}]`;
          if (binding) binding.isUsed = wasUsed;
          exported.set(name.text, value);
        }
      rewriter.replace(start, statement.end, "");
      continue;
    }
    if (ts.isExportAssignment(statement)) {
      const local = unique("default");
      exported.set("default", local);
      rewriter.replace(start, statement.expression.getStart(file), `const ${local} = `);
      visitor.visitNamed("default", statement.expression);
      continue;
    }
    const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
    const isDefault = modifiers.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword);
    if (modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) {
      removeExport(statement, rewriter, file);
      if (ts.isVariableStatement(statement))
        for (const { name } of statement.declarationList.declarations)
          for (const each of namesIn(name)) exported.set(each, each);
      else if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) {
        const local = statement.name?.text ?? unique("default");
        if (!statement.name) nameDefault(statement, local, rewriter, file);
        exported.set(isDefault ? "default" : local, local);
      }
    }
    visitor.visit(statement);
  }
  const getters = [...exported].map(([name, value]) => `${JSON.stringify(name)}: () => ${value}`);
  const kind = visitor.isAsync ? "async function*" : "function*";
  const list =
    imports.length > 0
      ? `const [${imports.map((_, index) => modules + index).join(", ")}] = ${parameter}.imports; `
      : "";
  const head = `${list}${parameter}.export({ ${getters.join(", ")} }); yield; `;
  const prefix = `(${kind} (${parameter}, require, __filename, __dirname) { "use strict"; ${head}`;
  rewriter.finish();
  return {
    ...scriptOf(rewriter, emitted.map, prefix, "\n})"),
    imports,
    stars,
    isAsync: visitor.isAsync,
  };
}

/** `export default function () {}` has no name that others could be given. */
function nameDefault(
  statement: ts.FunctionDeclaration | ts.ClassDeclaration,
  name: string,
  rewriter: Rewriter,
  file: ts.SourceFile,
): void {
  if (ts.isFunctionDeclaration(statement)) {
    const open = file.text.indexOf("(", statement.asteriskToken?.end ?? startOf(statement, file));
    rewriter.insert(open, ` ${name}`);
  } else {
    const start = startOf(statement, file);
    rewriter.insert(start + "class".length, ` ${name}`);
  }
}

function scriptOf(rewriter: Rewriter, map: string, prefix: string, suffix: string): Pick<Script, "code" | "map"> {
  return { code: prefix + rewriter.finish() + suffix, map: rewriter.mapped(map, prefix.length) };
}

/** Calls back for each name that is used, and changes what is no plain JavaScript of a function. */
class ScriptVisitor {
  isAsync = false;
  usesGoOn = false;
  /** What `await` passes its value through; where it is not set, nothing. */
  goOn: string | undefined;
  /** @returns whether it took care of a list of variables */
  visitVariables: (list: ts.VariableDeclarationList) => boolean = () => false;
  readonly #rewriter: Rewriter;
  readonly #file: ts.SourceFile;
  readonly #parameter: string;
  readonly #access: (identifier: ts.Identifier, home: ts.Node | undefined) => string | undefined;

  /** @param access what stands for a name, whose home is the node that declares it, if one does */
  constructor(
    { rewriter, file }: Edits,
    parameter: string,
    access: (identifier: ts.Identifier, home: ts.Node | undefined) => string | undefined,
  ) {
    this.#rewriter = rewriter;
    this.#file = file;
    this.#parameter = parameter;
    this.#access = access;
  }

  visitChildren(node: ts.Node): void {
    ts.forEachChild(node, (child) => this.visit(child));
  }

  /** An expression that gets a name by being assigned to one: so it does where it is assigned to a property. */
  visitNamed(name: string | undefined, expression: ts.Expression): void {
    const isAnonymous =
      ts.isArrowFunction(expression) ||
      ((ts.isFunctionExpression(expression) || ts.isClassExpression(expression)) && !expression.name);
    const key = isAnonymous && name !== undefined && name !== "__proto__" ? JSON.stringify(name) : undefined;
    if (key) this.#rewriter.insert(expression.getStart(this.#file), `{ ${key}: `);
    this.visit(expression);
    if (key) this.#rewriter.insert(expression.end, ` }[${key}]`);
  }

  visit(node: ts.Node): void {
    if (ts.isIdentifier(node)) this.#visitIdentifier(node);
    else if (ts.isVariableDeclarationList(node) && this.visitVariables(node)) return;
    else if (ts.isMetaProperty(node)) this.#visitMeta(node);
    else if (node.kind === ts.SyntaxKind.ImportKeyword)
      this.#rewriter.replace(node.getStart(this.#file), node.end, `${this.#parameter}.import`);
    else if (ts.isAwaitExpression(node)) this.#visitAwait(node);
    else if (ts.isForOfStatement(node) && node.awaitModifier) this.#visitForAwait(node);
    else if (ts.isShorthandPropertyAssignment(node)) this.#visitShorthand(node);
    else if (ts.isBinaryExpression(node)) this.#visitBinary(node);
    else this.visitChildren(node);
  }

  #visitMeta(node: ts.MetaProperty): void {
    if (node.keywordToken === ts.SyntaxKind.ImportKeyword)
      this.#rewriter.replace(node.getStart(this.#file), node.end, `${this.#parameter}.meta`);
  }

  #visitAwait(node: ts.AwaitExpression): void {
    if (isOfFile(node)) this.isAsync = true;
    if (this.goOn) this.#rewriter.insert(node.getStart(this.#file), `${this.goOn}(`);
    this.visitChildren(node);
    if (this.goOn) this.#rewriter.insert(node.end, ")");
    this.usesGoOn = true;
  }

  #visitForAwait(node: ts.ForOfStatement): void {
    if (isOfFile(node)) this.isAsync = true;
    const { initializer, expression, statement } = node;
    for (const part of [initializer, expression]) this.visit(part);
    const isBlock = ts.isBlock(statement);
    const start = statement.getStart(this.#file) + (isBlock ? 1 : 0);
    if (this.goOn) this.#rewriter.insert(start, isBlock ? ` ${this.goOn}();` : `{ ${this.goOn}(); `);
    this.visit(statement);
    if (this.goOn && !isBlock) this.#rewriter.insert(statement.end, " }");
    this.usesGoOn = true;
  }

  #visitShorthand({ name, objectAssignmentInitializer }: ts.ShorthandPropertyAssignment): void {
    const access = this.#accessOf(name);
    if (access) this.#rewriter.replace(name.getStart(this.#file), name.end, `${name.text}: ${access}`);
    if (objectAssignmentInitializer) this.visit(objectAssignmentInitializer);
  }

  #visitBinary(node: ts.BinaryExpression): void {
    const { left, operatorToken, right } = node;
    const isAssignment = operatorToken.kind === ts.SyntaxKind.EqualsToken && ts.isIdentifier(left);
    this.visit(left);
    if (isAssignment && this.#accessOf(left)) this.visitNamed(left.text, right);
    else this.visit(right);
  }

  #visitIdentifier(node: ts.Identifier): void {
    const { parent } = node;
    if (isNoReference(node)) return;
    const access = this.#accessOf(node);
    if (!access) return;
    const isCalled =
      (ts.isCallExpression(parent) && parent.expression === node) ||
      (ts.isTaggedTemplateExpression(parent) && parent.tag === node);
    // Without the object as `this`.
    this.#rewriter.replace(node.getStart(this.#file), node.end, isCalled ? `(0, ${access})` : access, isCalled);
  }

  #accessOf(node: ts.Identifier): string | undefined {
    return this.#access(node, homeOf(node));
  }
}

/** Whether an identifier only names a property, a label or what it declares. */
function isNoReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isBindingElement(parent)) return parent.propertyName === node || parent.name === node;
  if (ts.isPropertyAssignment(parent)) return parent.name === node;
  if (ts.isVariableDeclaration(parent) || ts.isParameter(parent)) return parent.name === node;
  if (ts.isPropertyDeclaration(parent)) return parent.name === node;
  if (ts.isLabeledStatement(parent)) return parent.label === node;
  return (
    ts.isBreakOrContinueStatement(parent) ||
    ts.isFunctionDeclaration(parent) ||
    ts.isFunctionExpression(parent) ||
    ts.isClassDeclaration(parent) ||
    ts.isClassExpression(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isAccessor(parent) ||
    ts.isImportClause(parent) ||
    ts.isImportSpecifier(parent) ||
    ts.isNamespaceImport(parent) ||
    ts.isExportSpecifier(parent) ||
    ts.isMetaProperty(parent)
  );
}

/** The node that declares a name for the place where it is used; undefined where the file does not. */
function homeOf(node: ts.Identifier): ts.Node | undefined {
  const { text } = node;
  for (let at: ts.Node | undefined = node.parent; at; at = at.parent) {
    if ((at as Container).locals?.has(text as ts.__String)) return at;
    const ownName = ts.isFunctionExpression(at) || ts.isClassLike(at) ? at.name?.text : undefined;
    if (ownName === text) return at;
    if (text === "arguments" && ts.isFunctionLike(at) && !ts.isArrowFunction(at)) return at;
  }
  return undefined;
}

/** Whether a node belongs to the file itself, and to no function or class member in it. */
function isOfFile(node: ts.Node): boolean {
  for (let at: ts.Node | undefined = node.parent; at; at = at.parent) {
    if (ts.isFunctionLike(at) || ts.isPropertyDeclaration(at) || ts.isClassStaticBlockDeclaration(at)) return false;
  }
  return true;
}

interface Binding {
  index: number;
  imported: string;
  isUsed: boolean;
}

function bindingAccess(binding: Binding, module: string): string {
  binding.isUsed = true;
  return binding.imported === "*" ? module : `${module}[${JSON.stringify(binding.imported)}]`;
}

/** What a file imports, and the names that it gives it. */
function importsOf(file: ts.SourceFile): { imports: ScriptImport[]; bindings: Map<string, Binding> } {
  const imports: ScriptImport[] = [];
  const bindings = new Map<string, Binding>();
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const index = imports.length;
    const attributes = attributesOf(statement.attributes);
    const names: ScriptImport["names"] = [];
    const add = (imported: string, local: string) => {
      const binding: Binding & { local: string } = { index, imported, local, isUsed: false };
      names.push(binding);
      bindings.set(local, binding);
    };
    const { name, namedBindings } = statement.importClause ?? {};
    if (name) add("default", name.text);
    if (namedBindings && ts.isNamespaceImport(namedBindings)) add("*", namedBindings.name.text);
    if (namedBindings && ts.isNamedImports(namedBindings))
      for (const element of namedBindings.elements) add((element.propertyName ?? element.name).text, element.name.text);
    imports.push({ specifier: statement.moduleSpecifier.text, names, ...(attributes ? { attributes } : {}) });
  }
  return { imports, bindings };
}

function attributesOf(attributes: ts.ImportAttributes | undefined): Record<string, string> | undefined {
  return (
    attributes &&
    Object.fromEntries(
      attributes.elements.map(({ name, value }) => [name.text, ts.isStringLiteral(value) ? value.text : ""]),
    )
  );
}

function namesIn(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? namesIn(element.name) : []));
}

function startOf(statement: ts.Statement, file: ts.SourceFile): number {
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
  const last = modifiers.findLast(({ kind }) => isExportModifier(kind));
  if (!last) return statement.getStart(file);
  return last.end + (/^\s*/.exec(file.text.slice(last.end))?.[0].length ?? 0);
}

function isExportModifier(kind: ts.SyntaxKind): boolean {
  return kind === ts.SyntaxKind.ExportKeyword || kind === ts.SyntaxKind.DefaultKeyword;
}

/** Takes `export` and `export default` away. */
function removeExport(statement: ts.Statement, rewriter: Rewriter, file: ts.SourceFile): void {
  const start = statement.getStart(file);
  const end = startOf(statement, file);
  if (end > start) rewriter.replace(start, end, "");
}

/** Makes names that a file does not use. */
function uniqueNames(file: InternalFile): (name: string) => string {
  const made = new Set<string>();
  return (name) => {
    let text = `${name}$`;
    while (file.identifiers.has(text) || made.has(text)) text += "$";
    made.add(text);
    return text;
  };
}
