import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { cellOptions, type FolderOptions } from "./compilerOptions.ts";
import type { CompilerInstallation } from "./installation.ts";
import type { PreloadedLibrary } from "./protocol.ts";

/** Where cells lie as the compiler sees them. It is one path for all notebooks, so that a snapshot fits every folder. */
const cellFolder = "/.flamingo-notebook";
const plainCell = `${cellFolder}/cell.tsx`;
const preloadFile = `${cellFolder}/preload.ts`;

/** A cell as the compiler is to see it. */
export interface CellText {
  code: string;
  kind: ts.ScriptKind;
  /** The scope that it lies in. */
  scope: ts.Node | undefined;
  /** Whether it imports, or declares for others: then its file stays part of the program. */
  isLasting: boolean;
}

type SourceFile = ts.SourceFile & {
  version?: string;
  scriptSnapshot?: unknown;
  imports?: readonly ts.StringLiteral[];
  scriptKind?: ts.ScriptKind;
  path?: string;
};

/** What TypeScript keeps internal, and a cell in another's place needs. */
type Internals = { bindSourceFile(file: ts.SourceFile, options: ts.CompilerOptions): void };
type OpenProgram = ts.Program & { getFilesByNameMap(): Map<string, ts.SourceFile> };
/** What a program keeps in a file besides its text, which is the same for each cell of one path. */
const placing = ["resolvedPath", "originalFileName", "packageJsonLocations", "packageJsonScope"] as const;
const references = ["imports", "moduleAugmentations", "ambientModuleNames"] as const;

interface KnownFile {
  file: SourceFile;
  /** Of a file that may change. */
  stamp?: string;
  text: string;
  options: unknown;
}

/** That a file lies outside of the root, and that an element has no type: with `strict`, JSX would need a library's types. */
const excused = new Set([6059, 7026]);
const unresolved = { resolvedModule: undefined } as ts.ResolvedModuleWithFailedLookupLocations;
const noSnapshot = ts.ScriptSnapshot.fromString("");
/** Cells that take one another's place in a program before it is made anew: its checker keeps something of each. */
const mostReplacements = 300;
/** Cells that import which stay part of the program though newer ones have taken all their names. */
const mostLasting = 40;

/**
 * The program that cells are compiled in: TypeScript's language service over one cell, the files that it imports, and earlier
 * cells that import. Earlier cells that import nothing are reached through the scope alone, so a notebook of a
 * thousand cells compiles as fast as one of ten.
 */
export class CellProgram {
  readonly service: ts.LanguageService;
  readonly #installation: CompilerInstallation;
  #folder = cellFolder;
  #options: ts.CompilerOptions;
  #preloaded: PreloadedLibrary | undefined;
  #isLibraryInScope = false;
  readonly #files = new Map<string, KnownFile>();
  #resolutions!: ts.ModuleResolutionCache;
  readonly #builtins: ReadonlySet<string>;
  readonly #typePackages = new Map<string, ts.ResolvedTypeReferenceDirectiveWithFailedLookupLocations>();
  /** Files with an import that was not found: it may be there when they are compiled again. */
  readonly #unresolved = new Set<string>();
  /** Whether all that was found is to be looked for again. */
  #isForgotten = false;
  #cellPath = plainCell;
  #cell: CellText = { code: "", kind: ts.ScriptKind.TS, scope: undefined, isLasting: false };
  #version = 0;
  /** Changes with all that another program is to be made for, the language service is to ask nothing as long as it stays. */
  #structure = 0;
  /** How many cells have taken another's place since the program was made; undefined where it is to be made anew. */
  #replacements: number | undefined;
  /** Whether the cell was found to have some. */
  #hasErrors = false;
  #lasting: string[] = [];
  #lastingCount = 0;
  /** Files that cells have defined, by their paths. */
  readonly #defined = new Map<string, { text: string; version: string }>();

  constructor(installation: CompilerInstallation) {
    this.#installation = installation;
    this.#builtins = new Set(installation.builtins);
    this.#options = cellOptions(installation.isEarly ? undefined : dirname(installation.nodeTypes));
    this.#forgetResolutions();
    this.service = ts.createLanguageService(this.#makeHost(), this.#makeRegistry());
  }

  get folder(): string {
    return this.#folder;
  }

  /** The folder of the notebook, from where cells import, and what its tsconfig.json says. */
  open(folder: string, { options }: FolderOptions): void {
    this.#folder = folder;
    // Files are compiled for the same program unless an option differs.
    if (Object.keys(options).length > 0) {
      const types = [...new Set([...(this.#options.types ?? []), ...(options.types ?? [])])];
      const typeRoots = [...(this.#options.typeRoots ?? []), join(folder, "node_modules/@types")];
      const lib = options.lib ? [...new Set([...options.lib, ...(this.#options.lib ?? [])])] : this.#options.lib;
      this.#options = { ...this.#options, ...options, types, typeRoots, ...(lib ? { lib } : {}) };
      this.#forgetResolutions();
    }
  }

  get options(): ts.CompilerOptions {
    return this.#options;
  }

  get preloaded(): PreloadedLibrary | undefined {
    return this.#preloaded;
  }

  /** @returns whether it was not known before */
  preload(preloaded: PreloadedLibrary): boolean {
    if (this.#preloaded?.declarations === preloaded.declarations) return false;
    this.#preloaded = preloaded;
    this.#files.delete(preloadFile);
    this.#forgetResolutions();
    return true;
  }

  /**
   * Whether cells have the library in scope. It has many files, each of which every compilation looks at, so it is not there
   * before a cell speaks of it.
   */
  set isLibraryInScope(isInScope: boolean) {
    const wasInScope = this.#isLibraryInScope;
    this.#isLibraryInScope = isInScope && this.#preloaded !== undefined;
    if (this.#isLibraryInScope !== wasInScope) this.#changeStructure();
  }

  /** The file that brings the library into scope, bound. */
  preloadedFile(): ts.SourceFile | undefined {
    return this.#isLibraryInScope ? this.program().getSourceFile(preloadFile) : undefined;
  }

  setCell(cell: CellText): void {
    // Ten times, a checker looks for a name that comes near to one that is not found.
    if (this.#hasErrors || this.#unresolved.size > 0 || this.#haveFilesChanged()) this.#changeStructure();
    this.#hasErrors = false;
    const before = this.#cell;
    const { code, kind, scope, isLasting } = before;
    if (code === cell.code && kind === cell.kind && scope === cell.scope && isLasting === cell.isLasting) return;
    this.#cell = cell;
    this.#version++;
    if (isPlain(before) && isPlain(cell) && this.#replaceCell()) return;
    this.#changeStructure();
    this.#cellPath = cell.isLasting ? `${cellFolder}/cell${++this.#lastingCount}.tsx` : plainCell;
  }

  /** Keeps a cell's file in the program, for later cells may use what it imports. */
  keepCell({ fileName }: ts.SourceFile): void {
    if (fileName === plainCell || this.#lasting.includes(fileName)) return;
    this.#lasting = [...this.#lasting, fileName].slice(-mostLasting);
    this.#changeStructure();
    for (const path of this.#files.keys())
      if (path !== this.#cellPath && path !== plainCell && isLastingCell(path) && !this.#lasting.includes(path))
        this.#files.delete(path);
  }

  program(): ts.Program {
    const program = this.service.getProgram()!;
    this.#isForgotten = false;
    this.#replacements ??= 0;
    return program;
  }

  get cellPath(): string {
    return this.#cellPath;
  }

  cell(): ts.SourceFile {
    return this.program().getSourceFile(this.#cellPath)!;
  }

  /** All that is wrong with the cell, and with the TypeScript files beside the notebook that it imports. */
  diagnostics(): { ofCell: ts.Diagnostic[]; ofFiles: ts.Diagnostic[] } {
    const program = this.program();
    const cell = this.cell();
    const of = (file: ts.SourceFile) =>
      [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].filter(
        ({ code }) => !excused.has(code),
      );
    const ofCells = of(cell);
    this.#hasErrors = ofCells.length > 0;
    return {
      // Earlier cells have the same name, and are looked at again where their types are asked for.
      ofCell: ofCells.filter(({ file }) => file === undefined || file === cell),
      ofFiles: this.#dependencies(cell, program).flatMap(of),
    };
  }

  /** Lets cells import code as a file beside the notebook. @returns its path */
  define(name: string, text: string): string {
    const path = join(this.#folder, `${name}.ts`);
    this.#defined.set(path, { text, version: `defined ${++this.#version}` });
    this.#forgetResolutions();
    return path;
  }

  undefine(path: string): void {
    this.#defined.delete(path);
    this.#files.delete(path);
    this.#forgetResolutions();
  }

  /** The text of a file that a cell has defined. */
  definition(path: string): string | undefined {
    return this.#defined.get(path)?.text;
  }

  /** The cell as JavaScript, in ES modules' syntax, and its source map. */
  emit(before: ts.TransformerFactory<ts.SourceFile>): { code: string; map: string } {
    const emitted = { code: "", map: "" };
    this.program().emit(
      this.cell(),
      (name, text) => {
        if (name.endsWith(".map")) emitted.map = text;
        else emitted.code = text.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n");
      },
      undefined,
      false,
      { before: [before] },
    );
    return emitted;
  }

  /** Where a module lies: a file beside the notebook, or undefined where Node is to find it. */
  resolve(specifier: string, importer: string): string | undefined {
    const { resolvedModule } = this.#resolve(specifier, importer);
    const path = resolvedModule?.resolvedFileName;
    if (!path || path.includes("/node_modules/") || /\.d\.[cm]?ts$/.test(path)) return undefined;
    return path;
  }

  #dependencies(from: SourceFile, program: ts.Program): ts.SourceFile[] {
    const found = new Set<ts.SourceFile>();
    const visit = (file: SourceFile) => {
      for (const { text } of file.imports ?? []) {
        const path = this.resolve(text, this.#real(file.fileName));
        const imported = path && /\.[cm]?tsx?$/.test(path) ? program.getSourceFile(path) : undefined;
        if (!imported || imported === from || found.has(imported)) continue;
        found.add(imported);
        visit(imported);
      }
    };
    visit(from);
    return [...found];
  }

  /** The path of a file as the file system knows it. */
  #real(path: string): string {
    return path.startsWith(cellFolder) ? this.#folder + path.slice(cellFolder.length) : path;
  }

  #isCell(path: string): boolean {
    return path === this.#cellPath || path === preloadFile || path.startsWith(`${cellFolder}/cell`);
  }

  #forgetResolutions(): void {
    this.#resolutions = ts.createModuleResolutionCache(cellFolder, (name) => name, this.#options);
    this.#typePackages.clear();
    this.#isForgotten = true;
    this.#changeStructure();
  }

  /** Has the program made anew for what comes next. */
  #changeStructure(): void {
    if (this.#replacements === undefined) return;
    this.#structure++;
    this.#replacements = undefined;
    if (this.#cellPath !== plainCell) return;
    this.#version++;
    const cell = this.#files.get(plainCell)?.file;
    if (cell) cell.path = plainCell;
  }

  #haveFilesChanged(): boolean {
    for (const [path, { stamp }] of this.#files) if (stamp !== undefined && stamp !== this.#stampOf(path)) return true;
    return false;
  }

  /**
   * Puts the cell into the program in the place of the one before. Neither imports, nor declares for others, so that
   * nothing else changes: making a program and its checker anew takes ten times as long as all else.
   * @returns whether that can be
   */
  #replaceCell(): boolean {
    if (this.#replacements === undefined || this.#replacements >= mostReplacements) return false;
    const known = this.#files.get(plainCell);
    if (!known || this.#cellPath !== plainCell) return false;
    const program = this.service.getProgram() as OpenProgram;
    const files = program.getSourceFiles() as ts.SourceFile[];
    const old = known.file;
    const index = files.lastIndexOf(old);
    if (index < 0) return false;
    const { code, kind, scope } = this.#cell;
    const file = this.#keep(plainCell, code, known.options, String(this.#version), kind, scope);
    const [target, source] = [file, old] as unknown as Record<string, unknown>[];
    for (const name of [...placing, ...references]) target![name] = source![name];
    // Errors of cells are recognised by their paths.
    file.path = `${plainCell}#${this.#version}`;
    (ts as typeof ts & Internals).bindSourceFile(file, this.#options);
    files[index] = file;
    program.getFilesByNameMap().set(plainCell, file);
    this.#replacements++;
    return true;
  }

  #makeHost(): ts.LanguageServiceHost {
    const { sys } = ts;
    const library = dirname(sys.getExecutingFilePath());
    const host = {
      getProjectVersion: () => String(this.#structure),
      getModuleResolutionCache: () => this.#resolutions,
      getCompilationSettings: () => this.#options,
      getScriptFileNames: () => [
        ...this.#installation.declarations,
        ...(this.#isLibraryInScope ? [preloadFile] : []),
        ...this.#lasting.filter((path) => path !== this.#cellPath),
        this.#cellPath,
      ],
      getScriptVersion: (name: string) => this.#versionOf(name),
      getScriptSnapshot: (name: string) => (this.#isThere(name) ? noSnapshot : undefined),
      getScriptKind: (name: string) => (name === this.#cellPath ? this.#cell.kind : kindOf(name)),
      getCurrentDirectory: () => cellFolder,
      getDefaultLibFileName: (options: ts.CompilerOptions) => join(library, ts.getDefaultLibFileName(options)),
      useCaseSensitiveFileNames: () => true,
      fileExists: (name: string) => this.#isThere(name),
      readFile: (name: string) => sys.readFile(this.#real(name)),
      directoryExists: (name: string) => name === cellFolder || sys.directoryExists(this.#real(name)),
      getDirectories: (name: string) => sys.getDirectories(this.#real(name)),
      readDirectory: (name: string, ...rest: string[][]) => sys.readDirectory(this.#real(name), ...rest),
      realpath: (name: string) => (this.#isCell(name) ? name : (sys.realpath?.(name) ?? name)),
      hasInvalidatedResolutions: (path: string) => this.#unresolved.has(path) || (this.#isForgotten && mayChange(path)),
      resolveModuleNameLiterals: (
        ...[literals, importer, , , file]: [readonly ts.StringLiteralLike[], string, unknown, unknown, SourceFile]
      ) => {
        this.#unresolved.delete(importer);
        return literals.map((literal) => {
          // What JSX needs is asked for by files without any, too.
          if (literal.pos < 0 && file.scriptKind === ts.ScriptKind.TS) return unresolved;
          const resolved = this.#resolve(literal.text, this.#real(importer));
          if (!resolved.resolvedModule && !this.#isBuiltin(literal.text) && mayChange(importer))
            this.#unresolved.add(importer);
          return resolved;
        });
      },
      resolveTypeReferenceDirectiveReferences: (references: readonly (string | ts.FileReference)[], importer: string) =>
        references.map((reference) =>
          this.#resolveTypes(typeof reference === "string" ? reference : reference.fileName, this.#real(importer)),
        ),
    };
    return host as unknown as ts.LanguageServiceHost;
  }

  #isThere(name: string): boolean {
    if (this.#isCell(name)) return name === this.#cellPath || name === preloadFile || this.#files.has(name);
    const known = this.#files.get(name);
    return (known && !known.stamp) || this.#defined.has(name) || ts.sys.fileExists(name);
  }

  #versionOf(name: string): string {
    if (name === this.#cellPath) return String(this.#version);
    const known = this.#files.get(name);
    if (!known) return "new";
    return known.stamp ? this.#stampOf(name) : known.file.version!;
  }

  /** Gives the language service its files: those that cannot change are read once, whatever happens. */
  #makeRegistry(): ts.DocumentRegistry {
    const acquire = (path: string, options: unknown): ts.SourceFile => this.#read(path, options);
    const registry = {
      acquireDocument: (name: string, _settings: unknown, _snapshot: unknown, _version: string) =>
        acquire(name, undefined),
      acquireDocumentWithKey: (
        ...[name, , , , , , , options]: [string, string, unknown, string, unknown, string, unknown, unknown]
      ) => acquire(name, options),
      updateDocument: (name: string) => acquire(name, undefined),
      updateDocumentWithKey: (
        ...[name, , , , , , , options]: [string, string, unknown, string, unknown, string, unknown, unknown]
      ) => acquire(name, options),
      getKeyForCompilationSettings: () => "cells",
      getDocumentRegistryBucketKeyWithMode: (key: string) => key,
      releaseDocument: () => {},
      releaseDocumentWithKey: () => {},
      reportStats: () => "",
    };
    return registry as unknown as ts.DocumentRegistry;
  }

  #read(path: string, options: unknown): ts.SourceFile {
    const known = this.#files.get(path);
    if (path === this.#cellPath) {
      const version = String(this.#version);
      if (known?.file.version === version) return known.file;
      const { code, kind, scope } = this.#cell;
      return this.#keep(path, code, options, version, kind, scope);
    }
    if (known && isLastingCell(path)) return known.file;
    if (path === preloadFile) {
      if (known) return known.file;
      const { name, module } = this.#preloaded!;
      return this.#keep(path, `import * as ${name} from ${JSON.stringify(module)};`, options, "1", ts.ScriptKind.TS);
    }
    const stamp = mayChange(path) ? this.#stampOf(path) : undefined;
    if (known && known.stamp === stamp) return known.file;
    const text = this.definition(path) ?? ts.sys.readFile(path) ?? "";
    return this.#keep(path, text, options, stamp ?? "1", kindOf(path), undefined, stamp);
  }

  #keep(
    path: string,
    text: string,
    options: unknown,
    version: string,
    kind: ts.ScriptKind,
    scope?: ts.Node,
    stamp?: string,
  ): SourceFile {
    const file: SourceFile = ts.createSourceFile(path, text, options as ts.CreateSourceFileOptions, false, kind);
    file.version = version;
    file.scriptSnapshot = noSnapshot;
    if (scope) (file as { parent?: ts.Node }).parent = scope;
    this.#files.set(path, { file, text, options, ...(stamp === undefined ? {} : { stamp }) });
    return file;
  }

  #resolveTypes(name: string, importer: string): ts.ResolvedTypeReferenceDirectiveWithFailedLookupLocations {
    // One Node for all, also where a package brings its own.
    const from = join(name === "node" ? this.#folder : dirname(importer), "importer.ts");
    const key = name === "node" ? name : `${name} ${from}`;
    const known = this.#typePackages.get(key);
    if (known) return known;
    const resolved = ts.resolveTypeReferenceDirective(name, from, this.#options, ts.sys);
    this.#typePackages.set(key, resolved);
    return resolved;
  }

  #stampOf(path: string): string {
    return this.#defined.get(path)?.version ?? stampOf(path);
  }

  #isBuiltin(specifier: string): boolean {
    return specifier.startsWith("node:") || this.#builtins.has(specifier);
  }

  #resolve(name: string, importer: string): ts.ResolvedModuleWithFailedLookupLocations {
    if (name === this.#preloaded?.module) return declaredBy(this.#preloaded.declarations);
    // Declared by Node's types, and never to be found as a file.
    if (this.#isBuiltin(name)) return unresolved;
    const host = { ...ts.sys, fileExists: (path: string) => this.#defined.has(path) || ts.sys.fileExists(path) };
    const find = (from: string) => ts.resolveModuleName(name, from, this.#options, host, this.#resolutions);
    const near = find(importer);
    if (near.resolvedModule) return near;
    // A file or package that is missing may be there when the cell is run again.
    this.#resolutions.clear();
    if (/^\.{0,2}\//.test(name)) return near;
    const brought = find(this.#installation.importer);
    return brought.resolvedModule ? brought : near;
  }
}

function declaredBy(file: string): ts.ResolvedModuleWithFailedLookupLocations {
  const resolvedModule = { resolvedFileName: file, extension: ts.Extension.Dts, isExternalLibraryImport: true };
  return { resolvedModule } as unknown as ts.ResolvedModuleWithFailedLookupLocations;
}

/** Whether a cell changes nothing of the program but itself. */
function isPlain({ code, kind, isLasting }: CellText): boolean {
  return !isLasting && kind === ts.ScriptKind.TS && !/\b(import|require|export|declare)\b|\/\/\//.test(code);
}

function isLastingCell(path: string): boolean {
  return path.startsWith(`${cellFolder}/cell`);
}

function mayChange(path: string): boolean {
  return !path.includes("/node_modules/") && !path.includes("/dist/types/");
}

function kindOf(path: string): ts.ScriptKind {
  const extension = /\.[^.]*$/.exec(path)?.[0] ?? "";
  if (extension === ".tsx") return ts.ScriptKind.TSX;
  if (extension === ".jsx") return ts.ScriptKind.JSX;
  if (extension === ".json") return ts.ScriptKind.JSON;
  return /^\.[cm]?js$/.test(extension) ? ts.ScriptKind.JS : ts.ScriptKind.TS;
}

/** Changes with the file. */
export function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs} ${stat.size}` : "";
}
