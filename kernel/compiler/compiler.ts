import { existsSync, readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import ts from "typescript";
import { CellProgram } from "./cellProgram.ts";
import { type DeclaringCell, meaningOf, namesOf, scopeAround } from "./cellScope.ts";
import { cellTransformer, importedValues } from "./cellTransformer.ts";
import { readFolderOptions } from "./compilerOptions.ts";
import { completenessOf } from "./completeness.ts";
import { describeCompletions } from "./completion.ts";
import { describeExports } from "./descriptions.ts";
import { inspectionAt } from "./inspection.ts";
import type { CompilerInstallation } from "./installation.ts";
import type {
  CompiledCell,
  CompiledFile,
  CompileError,
  Completeness,
  DeclaredVariable,
  FoundCompletions,
  Inspection,
  PreloadedLibrary,
  Requests,
} from "./protocol.ts";
import { cellScript, moduleScript } from "./script.ts";
import { compileError } from "./typeErrors.ts";

/** A cell as it is compiled: an object at its top is one, and no block. */
interface Source {
  text: string;
  kind: ts.ScriptKind;
  /** Lines before the cell's own. */
  linesBefore: number;
}

interface Compiled extends DeclaringCell {
  /** The names of its variables. */
  variables: ReadonlySet<string>;
}

interface Accepted extends Compiled {
  /** What of it cells still find by name: the meanings that no later cell has given its names. */
  found: Map<string, number>;
}

type ParsedFile = ts.SourceFile & { parseDiagnostics: readonly ts.DiagnosticWithLocation[] };

const objectPrefix = "(\n";

/** Plain cells that are kept compiled. */
const mostPlain = 200;

/** Cells that cannot be found by name any more, and whose types others may still use. */
const mostPending = 50;

/** Compiles cells that share one scope, and answers about their code. */
export class Compiler implements Requests {
  readonly #program: CellProgram;
  readonly #root: string;
  #cells: Accepted[] = [];
  #scope: { around: ts.Node | undefined; values: Set<string>; preloaded: ts.SourceFile | undefined } | undefined;
  readonly #pending = new Map<number, Compiled>();
  #count = 0;
  #isDescribed = false;
  /** Cells that declare and import nothing, and the names in them: the same text gives the same until one of these is declared. */
  readonly #plain = new Map<string, { compiled: CompiledCell; identifiers: ReadonlySet<string> }>();
  /** What Node has without declaring it. */
  #globals: ReadonlySet<string> = new Set();

  constructor(installation: CompilerInstallation) {
    this.#program = new CellProgram(installation);
    this.#root = installation.root;
  }

  open(folder: string, globals: string[]): string[] {
    this.#plain.clear();
    this.#globals = new Set(globals);
    this.#count = 0;
    this.#pending.clear();
    this.#program.isLibraryInScope = false;
    this.#scope = undefined;
    const options = readFolderOptions(folder, this.#root);
    this.#program.open(folder, options);
    return options.notes;
  }

  preload(library: PreloadedLibrary): void {
    this.#plain.clear();
    if (this.#program.preload(library)) this.#scope = undefined;
  }

  /** The name by which cells have the library in scope. */
  get libraryName(): string | undefined {
    return this.#program.preloaded?.name;
  }

  compile(code: string, name: string, globals: string[]): CompiledCell | CompileError {
    const key = JSON.stringify([code, globals]);
    const known = this.#plain.get(key);
    // Nothing has to be accepted of a cell that declares nothing.
    if (known) return { ...known.compiled, id: ++this.#count };
    const compiled = this.#compile(code, name, globals, () => true)!;
    if (!("id" in compiled)) return compiled;
    const cell = this.#pending.get(compiled.id)!;
    if (compiled.requires.length > 0 || /\bdeclare\b/.test(code)) this.#plain.clear();
    else if (cell.names.size === 0) {
      if (this.#plain.size >= mostPlain) this.#plain.clear();
      const { identifiers } = cell.file as unknown as { identifiers: ReadonlyMap<string, string> };
      this.#plain.set(key, { compiled, identifiers: new Set(identifiers.keys()) });
    }
    return compiled;
  }

  compileEarly(code: string, name: string): CompiledCell | CompileError | undefined {
    // What a module holds, and what a cell says for all cells, is not for a compiler that knows some only.
    if (/\b(import|require|export|declare|module)\b|\/\/\/|\/jsx-/.test(code)) return undefined;
    const compiled = this.#compile(code, name, [], ({ code }) => code < 2000 || isAboutTypesAlone.has(code));
    return compiled && "imports" in compiled && compiled.imports.length > 0 ? undefined : compiled;
  }

  /** @returns undefined where something is wrong with it that is not certain */
  #compile(
    code: string,
    name: string,
    globals: string[],
    isCertain: (error: ts.Diagnostic) => boolean,
  ): CompiledCell | CompileError | undefined {
    const source = sourceOf(code);
    const file = this.#set(source, /\b(import|require|export|declare)\b|\/jsx-/.test(code) || isJsx(source));
    const program = this.#program.program();
    const { ofCell, ofFiles } = this.#program.diagnostics();
    if (!ofCell.every(isCertain)) return undefined;
    const later = new Set<string>();
    const known = new Set([...this.#globals, ...globals]);
    const errors = ofCell.filter((error) => !isExcused(error, file, known, later));
    if (errors.length + ofFiles.length > 0)
      return compileError([...errors, ...ofFiles], {
        file,
        code,
        name,
        linesBefore: source.linesBefore,
        folder: this.#program.folder,
      });
    const checker = program.getTypeChecker();
    const names = namesOf(file);
    const variables = variablesOf(file, names, checker);
    const fresh = new Set([...variables].filter((each) => isFresh(names.get(each)!)));
    const { identifiers } = file as unknown as { identifiers: ReadonlyMap<string, string> };
    let parameter = "cell$";
    while (identifiers.has(parameter)) parameter += "$";
    const emitted = this.#program.emit(cellTransformer(checker, parameter));
    const { values } = this.#scopeNow();
    const script = cellScript(emitted, variables, fresh, new Set([...values, ...later]), parameter);
    const id = ++this.#count;
    this.#pending.set(id, { file, names, variables });
    for (const old of this.#pending.keys()) if (old <= id - mostPending) this.#pending.delete(old);
    return { ...script, id, requires: requiresOf(file), linesBefore: source.linesBefore, notes: [] };
  }

  accept(id: number, variables: string[]): void {
    const cell = this.#pending.get(id);
    if (!cell) return;
    this.#pending.delete(id);
    for (const [key, { identifiers }] of this.#plain)
      if ([...cell.names.keys()].some((name) => identifiers.has(name))) this.#plain.delete(key);
    const there = new Set(variables);
    const names = new Map([...cell.names].filter(([name]) => there.has(name) || !cell.variables.has(name)));
    this.#program.keepCell(cell.file);
    for (const each of this.#cells) takeNames(each.found, names);
    const found = new Map([...names].map(([name, symbol]) => [name, meaningOf(symbol)]));
    this.#cells = [...this.#cells, { ...cell, names, variables: there, found }].filter((each) => each.found.size > 0);
    this.#scope = undefined;
  }

  replay(code: string, name: string, globals: string[], variables: string[]): void {
    const compiled = this.compile(code, name, globals);
    if ("id" in compiled) this.accept(compiled.id, variables);
  }

  define(name: string, code: string, cell: string): string | CompileError {
    this.#plain.clear();
    const path = this.#program.define(name, code);
    this.#set({ text: `import ${JSON.stringify(`./${name}`)};`, kind: ts.ScriptKind.TS, linesBefore: 0 }, false);
    const file = this.#program.program().getSourceFile(path);
    const { ofFiles } = this.#program.diagnostics();
    if (!file || ofFiles.length === 0) return path;
    this.#program.undefine(path);
    return compileError(ofFiles, { file, code, name: cell, linesBefore: 0, folder: this.#program.folder });
  }

  compileFile(path: string): CompiledFile | CompileError {
    const text = this.#program.definition(path) ?? readFileSync(path, "utf8");
    const isCommonJs = /\.[cm]?[jt]sx?$/.test(path) && this.#isCommonJs(path, text);
    const isScript = /\.[cm]?jsx?$/.test(path);
    if (isCommonJs && isScript) {
      return { format: "commonjs", text, code: text, map: "", requires: requiresOf(parse(text, ts.ScriptKind.JS)) };
    }
    const { outputText, sourceMapText, diagnostics } = ts.transpileModule(text, {
      fileName: path,
      reportDiagnostics: true,
      compilerOptions: {
        ...this.#program.options,
        module: isCommonJs ? ts.ModuleKind.CommonJS : ts.ModuleKind.ESNext,
        esModuleInterop: true,
        sourceMap: true,
      },
    });
    const file = parse(text, ts.ScriptKind.TSX);
    if (diagnostics && diagnostics.length > 0) {
      const [first] = diagnostics;
      return compileError(diagnostics, {
        file: first?.file ?? file,
        code: text,
        name: path,
        linesBefore: 0,
        folder: this.#program.folder,
      });
    }
    const code = outputText.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n");
    const map = sourceMapText ?? "{}";
    const requires = requiresOf(file);
    if (isCommonJs) return { format: "commonjs", text, code, map, requires };
    return { format: "module", text, ...moduleScript({ code, map }), requires };
  }

  resolve(specifier: string, importer: string): string | undefined {
    return this.#program.resolve(specifier, importer);
  }

  complete(code: string, cursor: number): FoundCompletions {
    const source = sourceOf(code, true);
    const written = /[\w$]+$/.exec(code.slice(0, cursor))?.[0];
    if (written !== undefined && this.#program.preloaded?.name.startsWith(written))
      this.#program.isLibraryInScope = true;
    this.#set(source, false);
    return describeCompletions(this.#program.service, this.#program.cellPath, cursor);
  }

  inspect(code: string, cursor: number): Inspection | undefined {
    this.#set(sourceOf(code, true), false);
    return inspectionAt(this.#program.service, this.#program.cellPath, cursor);
  }

  isComplete(code: string): Completeness {
    return completenessOf(code);
  }

  variables(): DeclaredVariable[] {
    this.#set({ text: "", kind: ts.ScriptKind.TS, linesBefore: 0 }, false);
    const checker = this.#program.program().getTypeChecker();
    const found = new Map<string, DeclaredVariable>();
    for (const { names, variables } of [...this.#cells].reverse())
      for (const name of [...variables].reverse()) {
        const symbol = names.get(name);
        const declaration = symbol?.valueDeclaration ?? symbol?.declarations?.[0];
        if (found.has(name) || !symbol || !declaration) continue;
        const type = checker.getTypeOfSymbolAtLocation(symbol, declaration);
        found.set(name, { name, type: checker.typeToString(type).replace(/import\("[^"]*"\)\./g, "") });
      }
    return [...found.values()].reverse();
  }

  /** Describes the library's names, a little at a time: completing them has to be quick. @returns whether some are left */
  describe(until: number): boolean {
    const { preloaded } = this.#program;
    if (!preloaded || this.#isDescribed || !this.#program.preloadedFile()) return false;
    this.#isDescribed = describeExports(this.#program.program(), preloaded.declarations, until);
    return !this.#isDescribed;
  }

  #set({ text, kind }: Source, isLasting: boolean): ts.SourceFile {
    if (this.#mentionsLibrary(text)) this.#program.isLibraryInScope = true;
    this.#program.setCell({ code: text, kind, scope: this.#scopeNow().around, isLasting });
    const cell = this.#program.cell();
    this.#program.program().getTypeChecker(); // binds it
    return cell;
  }

  #mentionsLibrary(code: string): boolean {
    const { preloaded } = this.#program;
    return preloaded !== undefined && (code.includes(preloaded.name) || code.includes(preloaded.module));
  }

  #scopeNow(): { around: ts.Node | undefined; values: Set<string> } {
    const preloaded = this.#program.preloadedFile();
    if (this.#scope && this.#scope.preloaded === preloaded) return this.#scope;
    if (preloaded) this.#program.program().getTypeChecker();
    const names = preloaded ? namesOf(preloaded) : new Map<string, ts.Symbol>();
    const base = { file: preloaded!, names, variables: new Set(names.keys()) };
    const cells = preloaded ? [base, ...this.#cells] : this.#cells;
    const values = new Set<string>();
    const decided = new Set<string>();
    for (const cell of [...cells].reverse())
      for (const [name, symbol] of cell.names) {
        const isVariable = cell.variables.has(name);
        if (decided.has(name) || !(isVariable || symbol.flags & ts.SymbolFlags.Value)) continue;
        decided.add(name);
        if (isVariable) values.add(name);
      }
    this.#scope = { around: scopeAround(cells), values, preloaded };
    return this.#scope;
  }

  /** Whether Node would take a file for a CommonJS module. A file with the syntax of ES modules is one of these. */
  #isCommonJs(path: string, text: string): boolean {
    const extension = extname(path);
    if (extension === ".cjs" || extension === ".cts") return true;
    if (extension === ".mjs" || extension === ".mts") return false;
    if (!/\b(exports|require)\b/.test(text)) return false;
    const { externalModuleIndicator } = parse(text, ts.ScriptKind.TSX) as unknown as {
      externalModuleIndicator?: unknown;
    };
    return externalModuleIndicator === undefined && packageType(dirname(path)) !== "module";
  }
}

/** Takes away what newer names stand for. */
function takeNames(found: Map<string, number>, newer: ReadonlyMap<string, ts.Symbol>): void {
  for (const [name, symbol] of newer) {
    const left = (found.get(name) ?? 0) & ~meaningOf(symbol);
    if (left === 0) found.delete(name);
    else found.set(name, left);
  }
}

function packageType(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const manifest = join(at, "package.json");
    if (existsSync(manifest)) {
      try {
        return (JSON.parse(readFileSync(manifest, "utf8")) as { type?: string }).type;
      } catch {
        return undefined;
      }
    }
    if (at === dirname(at)) return undefined;
  }
}

function parse(text: string, kind: ts.ScriptKind): ParsedFile {
  return ts.createSourceFile("cell.tsx", text, ts.ScriptTarget.Latest, true, kind) as ParsedFile;
}

/** @param asWritten an unfinished cell, in which positions count */
function sourceOf(code: string, asWritten = false): Source {
  const plain = parse(code, ts.ScriptKind.TS);
  if (!asWritten && isObject(code))
    return { text: `${objectPrefix}${code}\n)`, kind: ts.ScriptKind.TS, linesBefore: 1 };
  const source = { text: code, kind: ts.ScriptKind.TS, linesBefore: 0 };
  if (plain.parseDiagnostics.length === 0 || !/<\/?[\w.>]/.test(code)) return source;
  const withJsx = parse(code, ts.ScriptKind.TSX);
  return withJsx.parseDiagnostics.length < plain.parseDiagnostics.length
    ? { ...source, kind: ts.ScriptKind.TSX }
    : source;
}

function isJsx({ kind }: Source): boolean {
  return kind === ts.ScriptKind.TSX;
}

/** Whether a cell is an object's literal, `{ a: 1 }`, as every console takes it. */
function isObject(code: string): boolean {
  if (!code.includes("{") || !/^(\s|\/\/.*|\/\*[\s\S]*?\*\/)*\{/.test(code)) return false;
  const file = parse(`${objectPrefix}${code}\n)`, ts.ScriptKind.TS);
  const [statement] = file.statements;
  if (file.statements.length !== 1 || file.parseDiagnostics.length > 0) return false;
  if (!statement || !ts.isExpressionStatement(statement)) return false;
  return (
    ts.isParenthesizedExpression(statement.expression) && ts.isObjectLiteralExpression(statement.expression.expression)
  );
}

/** The names of a cell's variables, functions, classes and imported values. */
function variablesOf(file: ts.SourceFile, names: ReadonlyMap<string, ts.Symbol>, checker: ts.TypeChecker): Set<string> {
  const imported = file.statements.flatMap((statement) => {
    if (ts.isImportDeclaration(statement)) return importedValues(statement.importClause, checker);
    return ts.isImportEqualsDeclaration(statement) && !statement.isTypeOnly ? [statement.name] : [];
  });
  const variables = new Set(imported.map(({ text }) => text));
  for (const [name, { flags, declarations = [] }] of names)
    if (flags & ts.SymbolFlags.Value && !declarations.every(isAmbient)) variables.add(name);
  return variables;
}

/** Whether a declaration only says what is there by other means: `declare const x`, or a function's overload. */
function isAmbient(declaration: ts.Declaration): boolean {
  if (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Ambient) return true;
  return ts.isFunctionDeclaration(declaration) && !declaration.body;
}

/** Enums and namespaces add to what has their name; those of a new cell start anew. */
function isFresh({ flags }: ts.Symbol): boolean {
  const parts = ts.SymbolFlags.Enum | ts.SymbolFlags.ValueModule;
  return (flags & parts) !== 0 && (flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Class)) === 0;
}

/**
 * Errors that stay errors whatever else is declared, for declarations only add names, members and overloads: that one type does
 * not fit another, lacks a property, cannot be computed with or compared, or that a constant is assigned.
 */
const isAboutTypesAlone = new Set([2322, 2345, 2362, 2363, 2365, 2367, 2588, 2739, 2740, 2741]);

/** That a name is not found, as the compiler says it of various names. */
const notFound = new Set([2304, 2552, 18004, 2580, 2581, 2582, 2583, 2584, 2591, 2592, 2593]);

/**
 * Whether an error is none in a cell: a name that code has added to `globalThis`, or one in a function, which a later cell may
 * declare before the function is called.
 * @param later gets the names that later cells may declare
 */
function isExcused(
  error: ts.Diagnostic,
  file: ts.SourceFile,
  globals: ReadonlySet<string>,
  later: Set<string>,
): boolean {
  if (!notFound.has(error.code) || error.start === undefined) return false;
  const name = file.text.slice(error.start, error.start + (error.length ?? 0));
  if (globals.has(name)) return true;
  const node = identifierAt(file, error.start);
  if (!node || !isDeferred(node)) return false;
  later.add(name);
  return true;
}

function identifierAt(file: ts.SourceFile, position: number): ts.Node | undefined {
  let found: ts.Node | undefined;
  const visit = (node: ts.Node): void => {
    if (position < node.getFullStart() || position >= node.end) return;
    if (ts.isIdentifier(node) && node.getStart(file) === position) found = node;
    else ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** Whether an expression is evaluated later than its cell, or not at all. */
function isDeferred(node: ts.Node): boolean {
  for (let at: ts.Node = node; at.parent; at = at.parent) {
    if (ts.isTypeNode(at)) return false;
    const { parent } = at;
    if (ts.isFunctionLike(parent) && "body" in parent && (parent.body === at || ts.isParameter(at))) {
      const isCalledAtOnce = ts.isParenthesizedExpression(parent.parent) && ts.isCallExpression(parent.parent.parent);
      if (!isCalledAtOnce) return true;
    }
    if (ts.isPropertyDeclaration(parent) && parent.initializer === at && !isStatic(parent)) return true;
  }
  return false;
}

function isStatic(node: ts.PropertyDeclaration): boolean {
  return (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Static) !== 0;
}

/** The modules that a file asks for by `require("...")`. */
function requiresOf(file: ts.SourceFile): string[] {
  if (!file.text.includes("require")) return [];
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isExternalModuleReference(node) && ts.isStringLiteral(node.expression)) found.push(node.expression.text);
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === "require") {
      const [specifier] = node.arguments;
      if (specifier && ts.isStringLiteralLike(specifier)) found.push(specifier.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}
