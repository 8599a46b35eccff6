import { readFileSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, extname, isAbsolute, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inspect } from "node:util";
import vm from "node:vm";
import type { CompiledFile, CompileError } from "../compiler/protocol.ts";
import type { ScriptImport } from "../compiler/script.ts";
import { asNamespace, type Namespace, type Packages } from "./packages.ts";
import type { Sources } from "./sources.ts";

/** What modules need of the compiler. */
export interface FileCompiler {
  compileFile(path: string): Promise<CompiledFile | CompileError>;
  resolve(specifier: string, importer: string): Promise<string | undefined>;
}

/** A file that cannot be compiled; `traceback` says where. */
export class NotCompiled extends Error {
  readonly traceback: string[];

  constructor({ message, traceback }: CompileError) {
    super(message);
    this.name = "TypeScript";
    this.traceback = traceback;
  }
}

/** What `import.meta` says in a file or a cell. */
export interface ImportMeta {
  url: string;
  dirname: string;
  filename: string;
  resolve(specifier: string): string;
}

type State = "loading" | "linked" | "evaluating" | "evaluated" | "failed";

/** A file beside the notebook that runs as a module. */
interface FileModule {
  path: string;
  /** Changes with the file. */
  stamp: string;
  state: State;
  namespace: Namespace;
  /** The files among what it imports. */
  files: Set<FileModule>;
  /** What it imports, with its names, in order. */
  imports: {
    request: ScriptImport;
    namespace: Namespace;
    file: FileModule | undefined;
    /** Whether `require` asks for it, which it may or may not come to. */
    isRequired?: true;
  }[];
  stars: number[];
  /** Makes its exports ready to be read, called once, before its code runs. */
  begin: (() => unknown) | undefined;
  /** Runs its code. */
  evaluate(): unknown;
  done: Promise<void> | undefined;
  /** What `require` gives, of a CommonJS module. */
  exports?: unknown;
}

type Importer = { path: string; folder: string };

const codeExtension = /\.([cm]?[jt]sx?|json)$/;
const extensions = ["", ".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json"];

/**
 * The files beside the notebook that cells import, as ES modules: they may import each other, await at their top, and be
 * edited. A file that has changed, or one that imports such a file, is run anew when a cell imports it again; who
 * imported it before keeps what that had. Everything else is Node's (`Packages`).
 */
export class Modules {
  readonly #compiler: FileCompiler;
  readonly #packages: Packages;
  readonly #sources: Sources;
  readonly #files = new Map<string, FileModule>();
  #last: Promise<unknown> = Promise.resolve();
  /** How often cells have defined files. */
  readonly #definitions = new Map<string, number>();

  constructor(compiler: FileCompiler, packages: Packages, sources: Sources) {
    this.#compiler = compiler;
    this.#packages = packages;
    this.#sources = sources;
  }

  /** The modules that code imports, run. @param importer the file that the code is in */
  async importAll(requests: readonly ScriptImport[], importer: string): Promise<Namespace[]> {
    const found: Namespace[] = [];
    for (const request of requests) {
      const { namespace } = await this.#importOne(request.specifier, from(importer), request.attributes);
      checkNames(request, namespace);
      found.push(namespace);
    }
    return found;
  }

  /** `import(...)` as code in a file calls it. */
  async import(specifier: unknown, importer: string, options?: { with?: Record<string, string> }): Promise<Namespace> {
    const { namespace } = await this.#importOne(String(specifier), from(importer), options?.with);
    return namespace;
  }

  /** Loads what code asks for by `require("...")`, as far as it is there: what is not, the call tells. */
  async prepare(specifiers: readonly string[], importer: string): Promise<void> {
    for (const specifier of specifiers) {
      if (isBuiltin(specifier)) continue;
      const path = await this.#resolve(specifier, from(importer));
      if (path && /\.([mc]?tsx?|mjs|jsx)$/.test(path)) await this.#importFile(path).catch(() => undefined);
      else if (!path) await this.#packages.given(specifier);
    }
  }

  /** Notes that a cell has defined a file. */
  define(path: string): void {
    this.#definitions.set(path, (this.#definitions.get(path) ?? 0) + 1);
  }

  /** The `require` of code in a file. */
  requireFor(importer: string, dependent?: FileModule): NodeJS.Require {
    const { folder } = from(importer);
    const node = this.#packages.nodeRequire(folder);
    const require = (specifier: string): unknown => {
      const path = isPath(specifier) ? fileOf(join(isAbsolute(specifier) ? "/" : folder, specifier)) : undefined;
      if (!path) return this.#packages.require(specifier, folder);
      if (!dependent) this.#forgetStale(path);
      const known = this.#files.get(path);
      const file = known && known.state !== "failed" ? known : this.#requireFile(path);
      if (!file) return this.#packages.require(specifier, folder);
      dependent?.files.add(file);
      return "exports" in file ? file.exports : file.namespace;
    };
    return Object.assign(require, {
      resolve: node.resolve,
      cache: node.cache,
      extensions: node.extensions,
      main: node.main,
    });
  }

  meta(path: string): ImportMeta {
    const folder = dirname(path);
    const resolve = (specifier: string) => this.#packages.resolve(specifier, folder);
    return { url: pathToFileURL(path).href, dirname: folder, filename: path, resolve };
  }

  /** Forgets files whose code was stopped half-way: they run anew when they are imported again. */
  recover(): void {
    for (const [path, { state }] of this.#files) if (state !== "evaluated") this.#files.delete(path);
    this.#last = Promise.resolve();
  }

  async #importOne(
    specifier: string,
    importer: Importer,
    attributes?: Record<string, string>,
  ): Promise<{ namespace: Namespace }> {
    const path = await this.#resolve(specifier, importer);
    return path
      ? this.#importFile(path)
      : { namespace: await this.#packages.import(specifier, importer.folder, attributes) };
  }

  async #importFile(path: string): Promise<FileModule> {
    const order = await this.#exclusively(async () => {
      this.#forgetStale(path);
      const found = dependenciesFirst(await this.#load(path));
      for (const file of found) {
        await file.begin?.();
        file.begin = undefined;
      }
      for (const file of found) linkStars(file);
      for (const file of found)
        for (const { request, namespace } of file.imports) checkNames(request, namespace, file.path);
      return found;
    });
    for (const file of order) await this.#evaluate(file);
    return order.at(-1)!;
  }

  /** Files are loaded by one at a time, so that nobody meets one that is half loaded. No code of theirs runs meanwhile. */
  #exclusively<Result>(load: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(load);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #evaluate(file: FileModule): Promise<void> {
    if (file.state === "evaluated") return;
    if (file.state === "evaluating") return file.done;
    file.state = "evaluating";
    file.done = (async () => {
      try {
        await file.evaluate();
        file.state = "evaluated";
      } catch (error) {
        file.state = "failed";
        this.#files.delete(file.path);
        throw error;
      }
    })();
    return file.done;
  }

  /** Forgets a file, where it or something that it imports has changed, and all that depends on what has. */
  #forgetStale(path: string): void {
    const root = this.#files.get(path);
    if (!root) return;
    const reached = new Set([root]);
    for (const file of reached) for (const imported of file.files) reached.add(imported);
    const isStale = (file: FileModule) =>
      file.state === "failed" || (file.state === "evaluated" && file.stamp !== this.#stampOf(file.path));
    const stale = new Set([...reached].filter(isStale));
    for (let size = -1; size !== stale.size; ) {
      size = stale.size;
      for (const file of reached) if ([...file.files].some((imported) => stale.has(imported))) stale.add(file);
    }
    for (const { path: old } of stale) this.#files.delete(old);
  }

  /** A file with all that it imports. */
  async #load(path: string): Promise<FileModule> {
    const known = this.#files.get(path);
    if (known) return known;
    const file = await this.#loadOne(path);
    this.#files.set(path, file);
    try {
      for (const each of file.imports) await this.#loadImport(file, each);
    } catch (error) {
      this.#files.delete(path);
      throw error;
    }
    if (file.state === "loading") file.state = "linked";
    return file;
  }

  async #loadImport(file: FileModule, imported: FileModule["imports"][number]): Promise<void> {
    const { specifier, attributes } = imported.request;
    const { path } = file;
    try {
      const found = await this.#resolve(specifier, from(path));
      if (found) {
        imported.file = await this.#load(found);
        imported.namespace = imported.file.namespace;
        file.files.add(imported.file);
      } else if (!imported.isRequired) {
        imported.namespace = await this.#packages.import(specifier, dirname(path), attributes);
      } else await this.#packages.given(specifier);
    } catch (error) {
      if (!imported.isRequired) throw error; // else the call of `require` tells, if it comes to that
    }
  }

  async #loadOne(path: string): Promise<FileModule> {
    const stamp = this.#stampOf(path);
    if (path.endsWith(".json")) return this.#jsonModule(path, stamp);
    const compiled = await this.#compiler.compileFile(path);
    if (!("format" in compiled)) throw new NotCompiled(compiled);
    const required = compiled.requires
      .filter((specifier) => !isBuiltin(specifier))
      .map((specifier) => ({
        ...{ request: { specifier, names: [] }, namespace: {}, file: undefined },
        isRequired: true as const,
      }));
    if (compiled.format === "commonjs") {
      const file = this.#commonJsModule(path, stamp, compiled);
      file.imports = required;
      return file;
    }
    const file = newFile(path, stamp);
    file.stars = compiled.stars;
    const imports = compiled.imports.map((request) => ({ request, namespace: {}, file: undefined }));
    file.imports = [...imports, ...required];
    this.#sources.add(path, compiled.text, compiled.map);
    const create = new vm.Script(compiled.code, { filename: path }).runInThisContext() as (
      module: unknown,
      ...rest: unknown[]
    ) => Generator<unknown> | AsyncGenerator<unknown>;
    const module = {
      meta: this.meta(path),
      import: (specifier: unknown, options?: { with?: Record<string, string> }) =>
        this.import(specifier, path, options),
      export: (getters: Record<string, () => unknown>) => {
        for (const [name, get] of Object.entries(getters))
          Object.defineProperty(file.namespace, name, { get, enumerable: true, configurable: true });
      },
      get imports() {
        return file.imports.map(({ namespace }) => namespace);
      },
    };
    let running: Generator<unknown> | AsyncGenerator<unknown> | undefined;
    file.begin = () => {
      running = create(module, this.requireFor(path, file), path, dirname(path));
      return running.next();
    };
    file.evaluate = () => running!.next();
    return file;
  }

  #jsonModule(path: string, stamp: string): FileModule {
    const file = newFile(path, stamp);
    try {
      file.exports = JSON.parse(readFileSync(path, "utf8"));
    } catch (error) {
      throw new SyntaxError(`${path}: ${(error as Error).message}`);
    }
    Object.assign(file.namespace, asNamespace(file.exports));
    file.state = "evaluated";
    return file;
  }

  #commonJsModule(
    path: string,
    stamp: string,
    { text, code, map }: { text: string; code: string; map: string },
  ): FileModule {
    const file = newFile(path, stamp);
    const module = { exports: {} as unknown, filename: path, id: path, loaded: false, children: [], paths: [] };
    file.exports = module.exports;
    file.evaluate = () => {
      const prefix = "(function (exports, require, module, __filename, __dirname) { ";
      this.#sources.add(path, text, map, { shift: prefix.length });
      const run = new vm.Script(`${prefix}${code}\n})`, { filename: path }).runInThisContext() as (
        ...args: unknown[]
      ) => void;
      run.call(module.exports, module.exports, this.requireFor(path, file), module, path, dirname(path));
      file.exports = module.exports;
      Object.assign(file.namespace, asNamespace(module.exports));
    };
    return file;
  }

  /** A file that `require` asks for, if it can be had at once. */
  #requireFile(path: string): FileModule | undefined {
    if (!/\.(js|cjs|json)$/.test(path)) return undefined;
    const stamp = this.#stampOf(path);
    if (path.endsWith(".json")) return this.#keep(this.#jsonModule(path, stamp));
    if (isEsModule(path)) return undefined;
    const text = readFileSync(path, "utf8");
    const file = this.#keep(this.#commonJsModule(path, stamp, { text, code: text, map: "" }));
    file.state = "evaluating";
    try {
      file.evaluate();
      file.state = "evaluated";
    } catch (error) {
      this.#files.delete(path);
      throw error;
    }
    return file;
  }

  #stampOf(path: string): string {
    const definition = this.#definitions.get(path);
    return definition === undefined ? stampOf(path) : `defined ${definition}`;
  }

  #keep(file: FileModule): FileModule {
    this.#files.set(file.path, file);
    return file;
  }

  /** The file beside the notebook that a specifier names; undefined where it is Node's to find it. */
  async #resolve(specifier: string, { path, folder }: Importer): Promise<string | undefined> {
    if (isBuiltin(specifier) || this.#packages.isGiven(specifier)) return undefined;
    if (specifier.startsWith("file:")) return fileOf(fileURLToPath(specifier));
    const [plain = specifier, query = ""] = isPath(specifier) ? specifier.split(/(?=[?#])/, 2) : [specifier];
    const found = await this.#compiler.resolve(plain, path);
    const file = found ?? (isPath(plain) ? fileOf(join(isAbsolute(plain) ? "/" : folder, plain)) : undefined);
    if (isPath(plain) && !file && query === "") {
      const message = `Cannot find module '${specifier}' imported from ${path}`;
      throw Object.assign(new Error(message), { code: "ERR_MODULE_NOT_FOUND" });
    }
    return file && codeExtension.test(file) && !file.includes("/node_modules/") ? file : undefined;
  }
}

function from(importer: string): Importer {
  return { path: importer, folder: dirname(importer) };
}

function newFile(path: string, stamp: string): FileModule {
  const namespace = Object.create(null) as Namespace;
  Object.defineProperty(namespace, Symbol.toStringTag, { value: "Module" });
  Object.defineProperty(namespace, inspect.custom, {
    value: (_depth: number, options: object) => `[Module: null prototype] ${inspect(values(namespace), options)}`,
  });
  return {
    path,
    stamp,
    state: "loading",
    namespace,
    files: new Set(),
    imports: [],
    stars: [],
    begin: undefined,
    evaluate: () => undefined,
    done: undefined,
  };
}

function values(namespace: Namespace): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(namespace).map((name) => {
      try {
        return [name, namespace[name]];
      } catch {
        return [name, undefined]; // its code has not come there yet
      }
    }),
  );
}

/** A file and all that it imports which has not run, each after what it imports. */
function dependenciesFirst(root: FileModule): FileModule[] {
  const [order, seen] = [[] as FileModule[], new Set<FileModule>()];
  const visit = (file: FileModule) => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const { file: imported } of file.imports) if (imported) visit(imported);
    order.push(file);
  };
  visit(root);
  return order;
}

/** `export * from`: the names that a file has not by itself. */
function linkStars(file: FileModule, seen = new Set<FileModule>()): void {
  if (seen.has(file)) return;
  seen.add(file);
  for (const index of file.stars) {
    const { namespace, file: imported } = file.imports[index]!;
    if (imported) linkStars(imported, seen);
    for (const name of Object.keys(namespace))
      if (name !== "default" && !(name in file.namespace))
        Object.defineProperty(file.namespace, name, {
          get: () => namespace[name],
          enumerable: true,
          configurable: true,
        });
  }
}

/** @throws SyntaxError where a module does not export a name that is used */
function checkNames({ specifier, names }: ScriptImport, namespace: Namespace, importer?: string): void {
  for (const { imported, isUsed } of names) {
    if (!isUsed || imported === "*" || imported in namespace) continue;
    const where = importer ? ` (imported by ${importer})` : "";
    throw new SyntaxError(`The requested module '${specifier}' does not provide an export named '${imported}'${where}`);
  }
}

function isPath(specifier: string): boolean {
  return /^\.{0,2}\//.test(specifier) || specifier === "." || specifier === "..";
}

/** The file that a path without its extension, or of a folder, stands for. */
export function fileOf(path: string): string | undefined {
  const isFile = (each: string) => statSync(each, { throwIfNoEntry: false })?.isFile() ?? false;
  const found = extensions.map((extension) => path + extension).find(isFile);
  if (found) return found;
  const source = path.replace(/\.([cm]?)js(x?)$/, ".$1ts$2");
  if (source !== path && isFile(source)) return source;
  return extensions
    .filter(Boolean)
    .map((extension) => join(path, `index${extension}`))
    .find(isFile);
}

function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs} ${stat.size}` : "";
}

function isEsModule(path: string): boolean {
  if (extname(path) === ".cjs") return false;
  return /^\s*(import|export)\b/m.test(readFileSync(path, "utf8"));
}
