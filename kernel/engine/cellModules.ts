import { existsSync, readFileSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { dirname, extname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { constants, runInThisContext } from "node:vm";
import { FlamingoError } from "../../src/core/errors.ts";
import { shielded, shieldedUntil } from "../cell/shield.ts";
import { typescript as ts } from "./tslabModules.ts";

/** What cells call to import: as Node's `require`, and `load` for `import(...)`. */
export interface CellRequire {
  (specifier: string): unknown;
  load(specifier: string): Promise<unknown>;
  /** What `import.meta` says. */
  meta: { url: string; dirname: string; filename: string };
}

type LoadModule = () => Promise<object>;

/**
 * What cells import. tslab turns imports into calls of `require`, which knows nothing of ES modules: so these are loaded
 * before the cell runs, by Node's own loader, once for all cells. What is found nowhere near the notebook is looked for
 * where the kernel lies.
 */
export class CellModules {
  readonly #folder: string;
  readonly #require: (specifier: string) => unknown;
  readonly #given: Map<string, LoadModule>;
  readonly #loaded = new Map<string, unknown>();
  readonly #roots: { require: NodeJS.Require; load: (specifier: string) => Promise<object> }[];

  /**
   * @param require tslab's, which also knows the notebook's own TypeScript files
   * @param given modules that are loaded otherwise, by their names
   */
  constructor(folder: string, require: (specifier: string) => unknown, given: Map<string, LoadModule>) {
    this.#folder = folder;
    this.#require = require;
    this.#given = given;
    this.#roots = [folder, import.meta.dirname].map((root) => {
      const from = join(root, "notebook.js");
      return { require: createRequire(from), load: importFrom(from) };
    });
  }

  /** What a cell calls to import. */
  get require(): CellRequire {
    const load = async (specifier: string) => {
      await this.#load(specifier);
      return asNamespace(this.#get(specifier));
    };
    // Cells have no file of their own; this one would lie beside the notebook.
    const filename = join(this.#folder, "notebook.ts");
    const meta = { url: pathToFileURL(filename).href, dirname: this.#folder, filename };
    return Object.assign((specifier: string) => this.#get(specifier), { load, meta });
  }

  /** Loads what a cell's code imports and `require` could not give. */
  async prepare(code: string): Promise<void> {
    if (!/\b(import|require)\b/.test(code)) return;
    for (const { fileName } of ts.preProcessFile(code, true, true).importedFiles) await this.#load(fileName);
  }

  /** A module that is given, as cells get it. */
  async given(specifier: string): Promise<unknown> {
    await this.#load(specifier);
    return this.#loaded.get(specifier);
  }

  #get(specifier: string): unknown {
    if (this.#loaded.has(specifier)) return this.#loaded.get(specifier);
    try {
      // A package that is stopped while it loads stays half of itself for good. The notebook's own files are read anew.
      return /^\.{0,2}\//.test(specifier) ? this.#require(specifier) : shielded(() => this.#require(specifier));
    } catch (error) {
      if (!isMissing(error, specifier)) throw error;
      return this.#getFromKernel(specifier);
    }
  }

  #getFromKernel(specifier: string): unknown {
    const { require } = this.#roots[1]!;
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

  async #load(specifier: string): Promise<void> {
    if (this.#loaded.has(specifier) || isBuiltin(specifier) || specifier === "tslab") return;
    const given = this.#given.get(specifier);
    if (given) {
      this.#loaded.set(specifier, asRequired(await shieldedUntil(given())));
      return;
    }
    if (/^\.{0,2}\//.test(specifier)) return this.#loadFile(specifier);
    for (const { require, load } of this.#roots) {
      const path = resolve(require, specifier);
      if (path === undefined) continue;
      if (path === "hidden" || isEsModule(path))
        this.#loaded.set(specifier, asRequired(await shieldedUntil(load(specifier))));
      return;
    }
  }

  /** TypeScript below the notebook's folder is tslab's; what lies elsewhere, and what says it is an ES module, Node's. */
  async #loadFile(specifier: string): Promise<void> {
    const path = fileOf(join(this.#folder, specifier));
    if (!path || /\.(json|cjs|node)$/.test(path)) return;
    const isTslabs = !relative(this.#folder, path).startsWith("..") && /\.([tj]sx?)$/.test(path);
    if (isTslabs) return;
    this.#loaded.set(specifier, asRequired(await shieldedUntil(this.#roots[0]!.load(path))));
  }
}

/** Node's own `import()`, seen from a file. */
function importFrom(file: string): (specifier: string) => Promise<object> {
  const { emitWarning } = process;
  // That this is experimental is nothing to tell on the page.
  process.emitWarning = () => {};
  try {
    return runInThisContext("(specifier) => import(specifier)", {
      filename: file,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    }) as (specifier: string) => Promise<object>;
  } finally {
    process.emitWarning = emitWarning;
  }
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
