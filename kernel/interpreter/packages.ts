import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire, isBuiltin, Module } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { FlamingoError } from "../../src/core/errors.ts";
import { currentCell } from "../cell/cell.ts";
import { shielded, shieldedUntil } from "../cell/shield.ts";

/** What a module exports, by name. */
export type Namespace = Record<string, unknown>;

type NativeImport = (specifier: string, options?: { with: Record<string, string> }) => Promise<Namespace>;

/** Finds modules as code in some folder does. */
interface Root {
  require: NodeJS.Require;
  import: NativeImport;
}

interface LoadedPackage {
  namespace: Namespace;
  /** The file that was loaded, as far as it can be told. */
  file: string | undefined;
  /** When, in milliseconds since 1970. */
  at: number;
}

/** Files of a package that are looked at to tell whether it was edited. */
const mostFiles = 200;

/**
 * What Node's own loader loads: packages, Node's modules, and files that are no code of ours. It loads each once for all cells.
 * What is found nowhere near the notebook is looked for where the kernel lies.
 */
export class Packages {
  readonly #folder: string;
  readonly #given: ReadonlyMap<string, () => Promise<object>>;
  readonly #loadedGiven = new Map<string, object>();
  readonly #loaded = new Map<string, LoadedPackage>();
  readonly #roots = new Map<string, Root>();
  /** Edited files that were told of, with their times. */
  readonly #told = new Set<string>();

  /** @param given modules that are loaded otherwise, by their names */
  constructor(folder: string, given: ReadonlyMap<string, () => Promise<object>>) {
    this.#folder = folder;
    this.#given = given;
  }

  /** A module as an ES module imports it from a folder. */
  async import(specifier: string, folder: string, attributes?: Record<string, string>): Promise<Namespace> {
    const given = await this.given(specifier);
    if (given) return given as Namespace;
    const key = `${specifier}\n${folder}`;
    const known = this.#loaded.get(key);
    if (known) {
      this.#tellIfEdited(specifier, known);
      return known.namespace;
    }
    const { namespace, file } = await shieldedUntil(this.#load(specifier, folder, attributes));
    this.#loaded.set(key, { namespace, file, at: Date.now() });
    return namespace;
  }

  isGiven(specifier: string): boolean {
    return this.#given.has(specifier);
  }

  /** A module that is given, once it is loaded. */
  async given(specifier: string): Promise<object | undefined> {
    const load = this.#given.get(specifier);
    if (!load) return undefined;
    const known = this.#loadedGiven.get(specifier) ?? (await shieldedUntil(load()));
    this.#loadedGiven.set(specifier, known);
    return known;
  }

  /** A module as Node's `require` gives it. */
  require(specifier: string, folder: string): unknown {
    const given = this.#loadedGiven.get(specifier);
    if (given) return given;
    const loaded = this.#loaded.get(`${specifier}\n${folder}`);
    if (loaded && !isBuiltin(specifier) && !this.#path(specifier, folder)) return loaded.namespace;
    const { require } = this.#root(folder);
    try {
      // A package that is stopped while it loads stays half of itself for good.
      return shielded(() => require(specifier) as unknown);
    } catch (error) {
      if (loaded) return loaded.namespace;
      if (!isMissing(error, specifier)) throw error;
      const { require: ofKernel } = this.#root(import.meta.dirname);
      if (pathOf(ofKernel, specifier)) return shielded(() => ofKernel(specifier) as unknown);
      throw this.#missing(specifier);
    }
  }

  /** The address of a module (`import.meta.resolve`). */
  resolve(specifier: string, folder: string): string {
    if (isBuiltin(specifier)) return specifier.startsWith("node:") ? specifier : `node:${specifier}`;
    if (/^\.{0,2}\//.test(specifier)) return new URL(specifier, pathToFileURL(join(folder, "/"))).href;
    if (URL.canParse(specifier)) return specifier;
    const path = this.#path(specifier, folder);
    if (path) return pathToFileURL(path).href;
    throw this.#missing(specifier);
  }

  /** Node's own `require` of a folder, for what only it can do. */
  nodeRequire(folder: string): NodeJS.Require {
    return this.#root(folder).require;
  }

  async #load(
    specifier: string,
    folder: string,
    attributes: Record<string, string> | undefined,
  ): Promise<{ namespace: Namespace; file: string | undefined }> {
    if (isBuiltin(specifier)) return { namespace: await this.#root(folder).import(specifier), file: undefined };
    for (const root of [this.#root(folder), this.#root(import.meta.dirname)]) {
      const file = pathOf(root.require, specifier);
      if (file?.endsWith(".json")) return { namespace: asNamespace(root.require(specifier)), file };
      try {
        const namespace = await root.import(specifier, ...(attributes ? [{ with: attributes }] : []));
        return { namespace: withCommonJsNames(namespace, root.require, file), file };
      } catch (error) {
        if (!isNotFound(error, specifier)) throw error;
      }
    }
    throw this.#missing(specifier);
  }

  #path(specifier: string, folder: string): string | undefined {
    return pathOf(this.#root(folder).require, specifier) ?? pathOf(this.#root(import.meta.dirname).require, specifier);
  }

  #missing(specifier: string): FlamingoError {
    const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1);
    return new FlamingoError(
      "NOT_FOUND",
      `the package ${specifier} is not installed where the notebook lies, ${this.#folder}`,
      { source: specifier, fix: `npm install ${name.join("/")} in that folder` },
    );
  }

  /** Node loads a package once: who imports it again after an edit has to know that it is as it was. */
  #tellIfEdited(specifier: string, { file, at }: LoadedPackage): void {
    if (!file) return;
    const edited = editedFile(file, at);
    if (!edited) return;
    const key = `${edited.path} ${edited.time}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    currentCell()?.print(
      "stderr",
      `${specifier} is as it was when the kernel loaded it: ${edited.path} was edited since. Fix: restart the kernel\n`,
    );
  }

  #root(folder: string): Root {
    const known = this.#roots.get(folder);
    if (known) return known;
    const from = join(folder, "notebook.js");
    const root = { require: createRequire(from), import: importFrom(from) };
    this.#roots.set(folder, root);
    return root;
  }
}

/** Node's own `import()`, seen from a file. */
function importFrom(file: string): NativeImport {
  const module = new Module(file) as Module & { _compile(code: string, file: string): void };
  module._compile("module.exports = (specifier, options) => import(specifier, options);", file);
  return module.exports as NativeImport;
}

function pathOf(require: NodeJS.Require, specifier: string): string | undefined {
  try {
    return specifier.startsWith("file:") ? fileURLToPath(specifier) : require.resolve(specifier);
  } catch {
    return undefined;
  }
}

/** Whether a module itself is missing, and not something that it imports. */
function isNotFound(error: unknown, specifier: string): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  const isCode = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
  return (
    isCode &&
    message.includes(
      `'${specifier
        .split("/")
        .slice(0, specifier.startsWith("@") ? 2 : 1)
        .join("/")}`,
    )
  );
}

function isMissing(error: unknown, specifier: string): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === "MODULE_NOT_FOUND" && message.includes(`'${specifier}'`) && !specifier.startsWith(".");
}

/** All names of a CommonJS module: Node finds some of them only when it has run. */
function withCommonJsNames(namespace: Namespace, require: NodeJS.Require, file: string | undefined): Namespace {
  const exports = namespace.default;
  const isObject = (typeof exports === "object" && exports !== null) || typeof exports === "function";
  if (!isObject) return namespace;
  const isCommonJs =
    (file !== undefined && require.cache[file]?.exports === exports) ||
    Object.values(require.cache).some((module) => module?.exports === exports);
  return isCommonJs ? asNamespace(exports) : namespace;
}

/** What `require` gave, as `import` gives it. */
export function asNamespace(required: unknown): Namespace {
  const isObject = (typeof required === "object" && required !== null) || typeof required === "function";
  if (!isObject) return { default: required };
  if ((required as { __esModule?: boolean }).__esModule) return required as Namespace;
  return Object.assign(Object.create(null) as Namespace, required, { default: required });
}

/** A file of a package that is newer than a time: its manifest, the file that was loaded, or one that it imports. */
function editedFile(entry: string, at: number): { path: string; time: number } | undefined {
  const found = new Set([entry]);
  const manifest = manifestOf(entry);
  if (manifest) found.add(manifest);
  for (const path of found) {
    const time = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (time > at) return { path, time };
    if (found.size >= mostFiles || !/\.[cm]?js$/.test(path)) continue;
    for (const imported of relativeImports(path)) found.add(imported);
  }
  return undefined;
}

function manifestOf(file: string): string | undefined {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest)) return manifest;
  }
  return undefined;
}

function relativeImports(path: string): string[] {
  const text = readFileSync(path, "utf8");
  const specifiers = text.matchAll(/(?:from|import|require)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g);
  return [...specifiers].flatMap(([, specifier = ""]) => {
    const base = join(dirname(path), specifier);
    const file = [base, `${base}.js`, `${base}.cjs`, `${base}.json`, join(base, "index.js")].find(
      (each) => statSync(each, { throwIfNoEntry: false })?.isFile() ?? false,
    );
    return file ? [file] : [];
  });
}
