import { statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative } from "node:path";
import type * as TypeScript from "typescript";
import { cellTransformer } from "./cellTransformer.ts";
import { withNamedModules } from "./namedModules.ts";
import { reservedNames } from "./reservedNames.ts";
import { packageFolder, typescript as ts } from "./tslabModules.ts";

/** What tslab's converter hands to `createWatchProgram`. */
interface WatchHost {
  rootFiles: string[];
  options: TypeScript.CompilerOptions;
  system: TypeScript.System;
  afterProgramCreate?(builder: Builder): void;
}

/** What tslab's converter asks of TypeScript's builder program. */
interface Builder {
  getSourceFile(name: string): TypeScript.SourceFile | undefined;
  getProgram(): TypeScript.Program;
  getAllDependencies(file: TypeScript.SourceFile): string[];
  emit(...args: Parameters<TypeScript.Program["emit"]>): TypeScript.EmitResult;
}

/** What the compiler wrote for a cell, on the way to what runs. */
export interface Emitted {
  /** The cell as an ES module, and its source map. */
  code: string;
  map: string;
  /** What the cell declares. */
  declarations: string;
}

/** What cells can import though it lies in no folder of modules near them: specifier → file of declarations. */
export type KnownModules = ReadonlyMap<string, string>;

interface Resolutions {
  forEach(each: (resolution: TypeScript.ResolvedModuleWithFailedLookupLocations) => void): void;
}

const laterArrays = join(import.meta.dirname, "laterArrays.d.ts");
const cellFile = /\/__tslab__\.[tj]sx?$/;

/**
 * The program that tslab's converter compiles with: TypeScript's watch program, but
 * - made only when types are asked for: tslab reads the names of a cell from a first program and compiles a second one
 *   in which they are exported; the names need no more than the parser and the binder;
 * - without watching the file system: a cell's own files are looked at when a cell is compiled;
 * - with modules found as bundlers find them (`exports` of packages), and from wherever the notebook lies also what
 *   the kernel brings along: Node's types, tslab, and the `known` modules;
 * - with declarations written also where TypeScript would refuse to (a class expression with private members).
 */
export class LazyProgram {
  readonly #folder: string;
  readonly #host: WatchHost;
  readonly #options: TypeScript.CompilerOptions;
  readonly #known: KnownModules;
  #roots: string[];
  #program: TypeScript.Program | undefined;
  #stale = true;
  #compilerHost: TypeScript.CompilerHost;
  /** Files of the compiler and of packages are read once; the cell and its neighbours when they change. */
  #files = new Map<string, { text?: string; stamp?: string; file: TypeScript.SourceFile }>();
  #changed = new Map<string, () => void>();
  #resolutions: TypeScript.ModuleResolutionCache;
  #typePackages = new Map<string, TypeScript.ResolvedTypeReferenceDirectiveWithFailedLookupLocations>();
  #update: unknown;
  /** What the latest cell was compiled to. */
  emitted: Emitted | undefined;

  constructor(host: WatchHost, folder: string, known: KnownModules) {
    this.#folder = folder;
    this.#host = host;
    this.#roots = [...host.rootFiles, laterArrays];
    this.#options = host.options;
    this.#known = known;
    this.#resolutions = ts.createModuleResolutionCache(folder, (name) => name, this.#options);
    this.#compilerHost = this.#makeCompilerHost();
    for (const root of host.rootFiles) host.system.watchFile?.(root, () => this.#schedule());
    this.#announce();
  }

  close(): void {}

  updateRootFileNames(roots: string[]): void {
    this.#roots = [...roots, laterArrays];
    this.#schedule();
  }

  program(): TypeScript.Program {
    if (!this.#program || this.#stale) {
      this.#program = ts.createProgram({
        rootNames: this.#roots,
        options: this.#options,
        host: this.#compilerHost,
        ...(this.#program ? { oldProgram: this.#program } : {}),
      });
      tolerate(this.#program);
      this.#stale = false;
    }
    return this.#program;
  }

  cell(): TypeScript.SourceFile {
    return this.#read(this.#roots.find((root) => cellFile.test(root))!);
  }

  /** All that is wrong with the cell, and with the notebook's own files that it imports. */
  diagnostics(): TypeScript.Diagnostic[] {
    const program = this.program();
    const cell = this.cell();
    const ofCompiler = [cell, ...this.dependencies(cell)].flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]);
    return [...ofCompiler, ...reservedNames(cell)];
  }

  #schedule(): void {
    const { setTimeout, clearTimeout } = this.#host.system;
    if (this.#update) clearTimeout?.(this.#update);
    this.#update = setTimeout?.(() => {
      this.#update = undefined;
      this.#announce();
    }, 0);
  }

  /** Tells tslab of a program in which what has changed is read anew. */
  #announce(): void {
    this.#stale = true;
    this.#forgetChanged();
    this.#host.afterProgramCreate?.({
      getSourceFile: (name) => this.#read(name),
      getProgram: () => this.program(),
      getAllDependencies: (file) => [file.fileName, ...this.dependencies(file).map(({ fileName }) => fileName)],
      emit: (...args) => this.#emit(...args),
    });
  }

  #forgetChanged(): void {
    for (const [name, { stamp }] of this.#files) {
      if (stamp === undefined || stamp === stampOf(name)) continue;
      this.#files.delete(name);
      this.#changed.get(name)?.();
    }
  }

  #read(name: string, options?: TypeScript.ScriptTarget | TypeScript.CreateSourceFileOptions): TypeScript.SourceFile {
    const known = this.#files.get(name);
    const isRoot = name !== laterArrays && this.#roots.includes(name);
    if (known && !isRoot) return known.file;
    const text = this.#host.system.readFile(name);
    if (known && known.text === text) return known.file;
    if (text === undefined) return undefined as never;
    const file = ts.createSourceFile(name, text, options ?? this.#options.target!, isRoot);
    if (isRoot) {
      ts.bindSourceFile(file, this.#options);
      this.#files.set(name, { text, file });
      return file;
    }
    const ofCompilerOrPackage = name.includes("/node_modules/") || name.endsWith(".d.ts");
    if (ofCompilerOrPackage) this.#files.set(name, { file });
    else {
      this.#files.set(name, { file, stamp: stampOf(name) });
      this.#host.system.watchFile?.(name, () => {});
    }
    return file;
  }

  /** The TypeScript and JavaScript files below the notebook's folder that a file imports, and those that they import. */
  dependencies(from: TypeScript.SourceFile): TypeScript.SourceFile[] {
    const program = this.program();
    const found = new Set<TypeScript.SourceFile>();
    const visit = (file: TypeScript.SourceFile) => {
      const { resolvedModules } = file as unknown as { resolvedModules?: Resolutions };
      resolvedModules?.forEach(({ resolvedModule }) => {
        const name = resolvedModule?.resolvedFileName;
        if (!name || !/(?<!\.d)\.[tj]sx?$/.test(name) || name.includes("/node_modules/")) return;
        const imported = program.getSourceFile(name);
        if (!imported || imported === from || found.has(imported)) return;
        if (relative(this.#folder, name).startsWith("..")) return;
        found.add(imported);
        visit(imported);
      });
    };
    visit(from);
    return [...found];
  }

  #emit(...args: Parameters<TypeScript.Program["emit"]>): TypeScript.EmitResult {
    const [file, write, token, declarationsOnly, transformers] = args;
    const isCell = file !== undefined && cellFile.test(file.fileName);
    const emitted: Emitted = { code: "", map: "", declarations: "" };
    const program = this.program();
    // Its last parameter, which the compiler keeps internal: to write declarations also where some are in error.
    const emit = program.emit as (
      ...args: [...Parameters<TypeScript.Program["emit"]>, boolean]
    ) => TypeScript.EmitResult;
    const receive: TypeScript.WriteFileCallback = (name, text, ...rest) => {
      if (name.endsWith(".map")) {
        emitted.map = text;
        return;
      }
      const isScript = name.endsWith(".js");
      const content = isScript ? text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n") : text;
      emitted[isScript ? "code" : "declarations"] = content;
      write?.(name, content, ...rest);
    };
    if (!isCell) return emit(file, receive, token, declarationsOnly, {}, true);
    this.emitted = emitted;
    const checker = program.getTypeChecker();
    const before = [
      cellTransformer(checker, (file as { parent?: unknown }).parent as TypeScript.SourceFile | undefined),
    ];
    const all = { ...transformers, before };
    return withNamedModules(file, checker, () => emit(file, receive, token, declarationsOnly, all, true));
  }

  #makeCompilerHost(): TypeScript.CompilerHost {
    const { system } = this.#host;
    const library = dirname(system.getExecutingFilePath());
    return {
      getSourceFile: (name, options) => this.#read(name, options),
      getDefaultLibFileName: (options) => join(library, ts.getDefaultLibFileName(options)),
      getDefaultLibLocation: () => library,
      getCurrentDirectory: () => this.#folder,
      getCanonicalFileName: (name) => name,
      useCaseSensitiveFileNames: () => true,
      getNewLine: () => "\n",
      fileExists: (name) => this.#files.has(name) || system.fileExists(name),
      readFile: (name) => system.readFile(name),
      directoryExists: (name) => system.directoryExists(name),
      getDirectories: (name) => system.getDirectories(name),
      ...(system.realpath ? { realpath: system.realpath } : {}),
      writeFile: () => {},
      getModuleResolutionCache: () => this.#resolutions,
      resolveModuleNameLiterals: (literals, importer) => literals.map(({ text }) => this.#resolve(text, importer)),
      resolveTypeReferenceDirectiveReferences: (references, importer) =>
        references.map((reference) =>
          this.#resolveTypes(typeof reference === "string" ? reference : reference.fileName, importer),
        ),
    } as TypeScript.CompilerHost;
  }

  #resolveTypes(name: string, importer: string): TypeScript.ResolvedTypeReferenceDirectiveWithFailedLookupLocations {
    // One Node for all, also where a package brings its own.
    const from = join(name === "node" ? this.#folder : dirname(importer), "importer.ts");
    const key = `${name} ${from}`;
    const known = this.#typePackages.get(key);
    if (known) return known;
    const resolved = ts.resolveTypeReferenceDirective(name, from, this.#options, this.#host.system);
    this.#typePackages.set(key, resolved);
    return resolved;
  }

  #resolve(name: string, importer: string): TypeScript.ResolvedModuleWithFailedLookupLocations {
    const known = this.#known.get(name);
    if (known)
      return {
        resolvedModule: { resolvedFileName: known, extension: ".d.ts", isExternalLibraryImport: true },
      } as unknown as TypeScript.ResolvedModuleWithFailedLookupLocations;
    // Declared by Node's types, and never to be found as a file.
    if (isBuiltin(name)) return { resolvedModule: undefined };
    const near = ts.resolveModuleName(name, importer, this.#options, this.#compilerHost, this.#resolutions);
    if (near.resolvedModule || name.startsWith(".") || name.startsWith("/")) {
      // A file or package that is missing may be there when the cell is run again.
      if (!near.resolvedModule) this.#resolutions.clear();
      return near;
    }
    this.#resolutions.clear();
    const kernel = join(import.meta.dirname, "importer.ts");
    const brought = ts.resolveModuleName(name, kernel, this.#options, this.#compilerHost, this.#resolutions);
    return brought.resolvedModule ? brought : near;
  }

  /** Called by tslab's `watchFile`: what to do when the file has changed. */
  onChange(name: string, then: () => void): void {
    this.#changed.set(name, then);
  }
}

const outsideOfRoot = 6059;
const importAssignment = 1202;

/** Takes away complaints about the compiler's output that mean nothing to a cell. */
function tolerate(program: TypeScript.Program): void {
  // That a declaration cannot be written: it is written all the same.
  program.getDeclarationDiagnostics = () => [];
  const { getSemanticDiagnostics } = program;
  // That ES modules have no `import fs = require("fs")`: cells turn it into what runs.
  program.getSemanticDiagnostics = (...args) =>
    getSemanticDiagnostics(...args).filter(({ code }) => code !== outsideOfRoot && code !== importAssignment);
}

function stampOf(name: string): string {
  const stat = statSync(name, { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs} ${stat.size}` : "";
}

/**
 * Runs code in which tslab makes its converter, and gives it a lazy program with the options of a notebook.
 * @returns the program, beside what the code returned
 */
export function withLazyProgram<Result>(
  folder: string,
  known: KnownModules,
  create: () => Result,
): { result: Result; program: LazyProgram } {
  const { createWatchProgram, createWatchCompilerHost } = ts;
  const { getCurrentDirectory } = ts.sys;
  let made: LazyProgram | undefined;
  const patched = ts as unknown as Record<string, unknown>;
  ts.sys.watchFile = (name, then) => {
    made?.onChange(name, () => then(name, ts.FileWatcherEventKind.Changed));
    return { close: () => {} };
  };
  ts.sys.getCurrentDirectory = () => folder;
  patched.createWatchCompilerHost = (
    rootFiles: string[],
    options: TypeScript.CompilerOptions,
    system: TypeScript.System,
  ): WatchHost => ({ rootFiles, options: { ...options, ...notebookOptions() }, system });
  patched.createWatchProgram = (host: WatchHost) => {
    made = new LazyProgram(host, folder, known);
    return made;
  };
  try {
    return { result: create(), program: made! };
  } finally {
    Object.assign(patched, { createWatchProgram, createWatchCompilerHost });
    ts.sys.getCurrentDirectory = getCurrentDirectory;
  }
}

/** How a notebook's cells differ from what tslab asks of the compiler. */
function notebookOptions(): TypeScript.CompilerOptions {
  return {
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    // Cells are modules in which await stands at the top; tslab wraps them by itself.
    disableTopLevelAwait: false,
    allowImportingTsExtensions: true,
    lib: ["lib.es2023.d.ts"],
    types: ["node"],
    typeRoots: [dirname(packageFolder("@types/node"))],
    sourceMap: true,
  };
}
