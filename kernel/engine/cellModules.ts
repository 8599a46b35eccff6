import { existsSync, readFileSync } from "node:fs";
import { createRequire, isBuiltin, Module } from "node:module";
import { dirname, extname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { FlamingoError } from "../../src/core/errors.ts";
import { shielded, shieldedUntil } from "../cell/shield.ts";
import { typescript as ts } from "./tslabModules.ts";

/** What cells call to import: as Node's `require`, and `load` for `import(...)`. */
export interface CellRequire {
  (specifier: string): unknown;
  load(specifier: string): Promise<unknown>;
  /** What `import.meta` says. */
  meta: { url: string; dirname: string; filename: string };
  /** The same for one of the notebook's own files, in place of the `require` that it was given. */
  from(folder: string, require: NodeJS.Require): NodeJS.Require;
}

/** A cell's code, or that of one of the notebook's own files: what it imports, and the folder from where. */
interface Importer {
  code: string;
  folder: string;
  specifiers: string[];
}

/** Finds modules as code in some folder does. */
interface Root {
  require: NodeJS.Require;
  load: (specifier: string) => Promise<object>;
  /** What `require` could not give. */
  loaded: Map<string, unknown>;
}

type LoadModule = () => Promise<object>;

/**
 * What cells import. tslab turns imports into calls of `require`, which knows nothing of ES modules: so these are loaded
 * before the cell runs, by Node's own loader, once for all cells. What is found nowhere near the notebook is looked for
 * where the kernel lies. The notebook's own TypeScript files, which tslab compiles with the cell, import in the same way.
 */
export class CellModules {
  readonly #folder: string;
  readonly #require: (specifier: string) => unknown;
  readonly #given: Map<string, LoadModule>;
  readonly #loadedGiven = new Map<string, unknown>();
  readonly #roots = new Map<string, Root>();

  /**
   * @param require tslab's, which also knows the notebook's own TypeScript files
   * @param given modules that are loaded otherwise, by their names
   */
  constructor(folder: string, require: (specifier: string) => unknown, given: Map<string, LoadModule>) {
    this.#folder = folder;
    this.#require = require;
    this.#given = given;
  }

  /** What a cell calls to import. */
  get require(): CellRequire {
    const load = async (specifier: string) => {
      await this.#load(specifier, this.#folder);
      return asNamespace(this.#get(specifier, this.#folder, this.#require));
    };
    // Cells have no file of their own; this one would lie beside the notebook.
    const filename = join(this.#folder, "notebook.ts");
    const meta = { url: pathToFileURL(filename).href, dirname: this.#folder, filename };
    const from = (folder: string, require: NodeJS.Require) =>
      new Proxy(require, { apply: (_, __, [specifier]: [string]) => this.#get(specifier, folder, require) });
    return Object.assign((specifier: string) => this.#get(specifier, this.#folder, this.#require), {
      load,
      meta,
      from,
    });
  }

  /** A cell, and the notebook's own files that it imports, and those that they import. */
  importers(code: string): Importer[] {
    const found = [importerOf(code, this.#folder)];
    const files = new Set<string>();
    // It grows while it is walked.
    for (const { specifiers, folder } of found)
      for (const specifier of specifiers) {
        const path = isPath(specifier) ? fileOf(join(folder, specifier)) : undefined;
        if (path === undefined || !this.#isTslabs(path) || files.has(path)) continue;
        files.add(path);
        found.push(importerOf(readFileSync(path, "utf8"), dirname(path)));
      }
    return found;
  }

  /** Loads what is imported and `require` could not give. */
  async prepare(importers: Importer[]): Promise<void> {
    for (const { specifiers, folder } of importers)
      for (const specifier of specifiers) await this.#load(specifier, folder);
  }

  /** A module that is given, as cells get it. */
  async given(specifier: string): Promise<unknown> {
    await this.#load(specifier, this.#folder);
    return this.#loadedGiven.get(specifier);
  }

  #get(specifier: string, folder: string, require: (specifier: string) => unknown): unknown {
    if (this.#loadedGiven.has(specifier)) return this.#loadedGiven.get(specifier);
    const { loaded } = this.#root(folder);
    if (loaded.has(specifier)) return loaded.get(specifier);
    try {
      // A package that is stopped while it loads stays half of itself for good. The notebook's own files are read anew.
      return isPath(specifier) ? require(specifier) : shielded(() => require(specifier));
    } catch (error) {
      if (!isMissing(error, specifier)) throw error;
      return this.#getFromKernel(specifier);
    }
  }

  #getFromKernel(specifier: string): unknown {
    const { require } = this.#root(import.meta.dirname);
    if (resolve(require, specifier) !== undefined) return shielded(() => require(specifier) as unknown);
    const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1);
    throw new FlamingoError(
      "NOT_FOUND",
      `the package ${specifier} is not installed where the notebook lies, ${this.#folder}`,
      {
        source: specifier,
        fix: `npm install ${name.join("/")} in that folder`,
      },
    );
  }

  async #load(specifier: string, folder: string): Promise<void> {
    if (this.#loadedGiven.has(specifier) || isBuiltin(specifier) || specifier === "tslab") return;
    const given = this.#given.get(specifier);
    if (given) {
      this.#loadedGiven.set(specifier, asRequired(await shieldedUntil(given())));
      return;
    }
    const root = this.#root(folder);
    if (root.loaded.has(specifier)) return;
    if (isPath(specifier)) return this.#loadFile(specifier, folder);
    for (const { require, load } of [root, this.#root(import.meta.dirname)]) {
      const path = resolve(require, specifier);
      if (path === undefined) continue;
      if (path === "hidden" || isEsModule(path))
        root.loaded.set(specifier, asRequired(await shieldedUntil(load(specifier))));
      return;
    }
  }

  /** What is not tslab's is Node's, where it says that it is an ES module. */
  async #loadFile(specifier: string, folder: string): Promise<void> {
    const path = fileOf(join(folder, specifier));
    if (!path || /\.(json|cjs|node)$/.test(path) || this.#isTslabs(path)) return;
    const { load, loaded } = this.#root(folder);
    loaded.set(specifier, asRequired(await shieldedUntil(load(path))));
  }

  /** Whether tslab compiles a file with the cell: TypeScript below the notebook's folder. */
  #isTslabs(path: string): boolean {
    return !relative(this.#folder, path).startsWith("..") && /\.([tj]sx?)$/.test(path);
  }

  #root(folder: string): Root {
    const known = this.#roots.get(folder);
    if (known) return known;
    const from = join(folder, "notebook.js");
    const root = { require: createRequire(from), load: importFrom(from), loaded: new Map<string, unknown>() };
    this.#roots.set(folder, root);
    return root;
  }
}

function importerOf(code: string, folder: string): Importer {
  if (!/\b(import|require|from)\b/.test(code)) return { code, folder, specifiers: [] };
  const { importedFiles } = ts.preProcessFile(code, true, true);
  return { code, folder, specifiers: importedFiles.map(({ fileName }) => fileName) };
}

/**
 * The compiled code of one of the notebook's own files, so that it imports as cells do.
 * @param code what tslab runs as a CommonJS module
 */
export function importingAsCells(code: string): string {
  const [directive = ""] = code.match(/^\s*(["'])use strict\1;?/) ?? [];
  return `${directive}require = __tslab__.require.from(__dirname, require);${code.slice(directive.length)}`;
}

function isPath(specifier: string): boolean {
  return /^\.{0,2}\//.test(specifier);
}

/** Node's own `import()`, seen from a file. */
function importFrom(file: string): (specifier: string) => Promise<object> {
  const module = new Module(file) as Module & { _compile(code: string, file: string): void };
  module._compile("module.exports = (specifier) => import(specifier);", file);
  return module.exports as (specifier: string) => Promise<object>;
}

/** @returns the file; "hidden" where the package is there but lets nothing be required; undefined where it is not */
function resolve(require: NodeJS.Require, specifier: string): string | undefined {
  try {
    return require.resolve(specifier);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ERR_PACKAGE_PATH_NOT_EXPORTED" ? "hidden" : undefined;
  }
}

function isEsModule(path: string): boolean {
  const extension = extname(path);
  if (extension === ".mjs" || extension === ".mts") return true;
  if (extension !== ".js" && extension !== ".ts") return false;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest))
      return (JSON.parse(readFileSync(manifest, "utf8")) as { type?: string }).type === "module";
    if (folder === dirname(folder)) return false;
  }
}

const extensions = ["", ".ts", ".tsx", ".mts", ".js", ".mjs", ".cjs", ".json"];

function fileOf(path: string): string | undefined {
  const found = extensions.map((extension) => path + extension).find((name) => extname(name) && existsSync(name));
  if (found) return found;
  const source = path.replace(/js(x?)$/, "ts$1");
  return existsSync(source) && extname(source) ? source : undefined;
}

function isMissing(error: unknown, specifier: string): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === "MODULE_NOT_FOUND" && message.includes(`'${specifier}'`) && !specifier.startsWith(".");
}

/** An ES module as the code that TypeScript makes of imports expects it: without the mark, its default would be itself. */
function asRequired(namespace: object): object {
  if ("__esModule" in namespace) return namespace;
  return new Proxy(namespace, {
    get: (target, name) => (name === "__esModule" ? true : (Reflect.get(target, name) as unknown)),
  });
}

/** A CommonJS module as `import()` gives it. */
function asNamespace(required: unknown): unknown {
  const isObject = (typeof required === "object" && required !== null) || typeof required === "function";
  if (!isObject) return { default: required };
  return (required as { __esModule?: boolean }).__esModule ? required : { ...required, default: required };
}
