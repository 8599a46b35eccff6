import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import vm from "node:vm";
import { currentCell } from "../cell/cell.ts";
import { shielded } from "../cell/shield.ts";
import type {
  CompiledCell,
  CompileError,
  Completeness,
  Completion,
  Completions,
  Inspection,
} from "../compiler/protocol.ts";
import type { CompilerProcess } from "./compilerProcess.ts";
import type { CellError, CellNames, Interpreter, NotebookVariable, Outcome } from "./interpreter.ts";
import { type ImportMeta, Modules, NotCompiled } from "./modules.ts";
import { type Namespace, Packages } from "./packages.ts";
import { propertiesOf, valueOfProperty } from "./properties.ts";
import { Sources } from "./sources.ts";
import { tellSourcesInStackTraces, thrownError } from "./stackTrace.ts";
import { loadTslab } from "./tslab.ts";
import { type Variable, Variables } from "./variables.ts";

/** A library that cells have in scope and can import. */
export interface Preload {
  /** The name in scope. */
  name: string;
  /** Under which cells import it. */
  module: string;
  /** Called once, when a cell first mentions it. */
  load(): Promise<object>;
  /** The file that declares it. A cell that mentions the library waits for it. */
  declarations: Promise<string>;
}

export interface InterpreterOptions {
  /** The folder of the notebook: what cells import is looked for from there. */
  cwd: string;
  /** Which has been asked nothing yet. It ends with the interpreter. */
  compiler: CompilerProcess;
  /** One that is there before it, for the first cells (`compileEarly`). */
  earlyCompiler?: CompilerProcess | undefined;
  preload?: Preload;
}

/** What a cell's function is given. */
interface CellRuntime {
  variable(name: string): Variable;
  own(name: string): Variable;
  goOn<Value>(value: Value): Value;
  import(specifier: unknown, options?: { with?: Record<string, string> }): Promise<Namespace>;
  meta: ImportMeta;
  imports: Namespace[];
  /** The number of the last statement that declared something and has ended. */
  at: number;
  /** Of the last expression. */
  value: unknown;
}

/** A cell between its start and its end. */
interface Running {
  code: string;
  /** In stack traces. */
  name: string;
  globals: string[];
  compiled?: CompiledCell;
  /** Whether the early compiler compiled it. */
  isEarly?: boolean;
  runtime?: CellRuntime;
  /** What its variables were before. */
  before: Map<string, PropertyDescriptor>;
  /** Called when it is given up: nobody waits for it any longer. */
  giveUp(): void;
}

/** How long completion waits for the library's declarations, which are looked for when the kernel starts, in milliseconds. */
const declarationsWait = 1_000;

/** What a cell ends with that was given up. */
const interrupted: CellError = {
  name: "Interrupted",
  message: "the cell was interrupted; what it declared is kept",
  traceback: ["Interrupted: the cell was interrupted; what it declared is kept"],
};

/** Starts an interpreter. */
export async function createInterpreter(options: InterpreterOptions): Promise<Interpreter> {
  return new CellInterpreter(options);
}

class CellInterpreter implements Interpreter {
  readonly #file: string;
  readonly #folder: string;
  readonly #preload: Preload | undefined;
  readonly #compiler: CompilerProcess;
  /** Until the compiler is there, or a cell needs it: then this one does not know all cells any more. */
  #early: CompilerProcess | undefined;
  readonly #packages: Packages;
  readonly #modules: Modules;
  readonly #sources = new Sources();
  readonly #variables = new Variables();
  readonly #meta: ImportMeta;
  readonly #require: NodeJS.Require;
  readonly #forgetStackTraces: () => void;
  /** Names of `globalThis` that no code has added. */
  readonly #globals = new Set(Object.getOwnPropertyNames(globalThis));
  #running: Running | undefined;
  /** Told with the first cell. */
  #notes: string[] = [];
  #isPreloadDeclared = false;

  constructor({ cwd, compiler, earlyCompiler, preload }: InterpreterOptions) {
    // Cells have no file of their own; this one would lie beside the notebook.
    this.#file = join(cwd, "notebook.ts");
    this.#folder = cwd;
    this.#preload = preload;
    this.#compiler = compiler;
    this.#early = earlyCompiler;
    const early = earlyCompiler?.ask("open", cwd, []);
    const whole = this.#compiler.tell("open", cwd, [...this.#globals]);
    Promise.any([early ?? whole, whole]).then(
      (notes) => this.#notes.push(...notes),
      () => undefined, // every cell is told
    );
    whole.then(
      () => this.#endEarly(),
      () => undefined,
    );
    const given = new Map<string, () => Promise<object>>([["tslab", loadTslab]]);
    if (preload) given.set(preload.module, () => preload.load());
    this.#packages = new Packages(cwd, given);
    const fileCompiler = {
      compileFile: (path: string) => this.#compiler.ask("compileFile", path),
      resolve: (specifier: string, importer: string) => this.#compiler.ask("resolve", specifier, importer),
    };
    this.#modules = new Modules(fileCompiler, this.#packages, this.#sources);
    this.#meta = this.#modules.meta(this.#file);
    this.#require = this.#modules.requireFor(this.#file);
    this.#forgetStackTraces = tellSourcesInStackTraces(this.#sources);
    preload?.declarations.then(
      (file) => this.#declarePreloaded(file),
      () => undefined, // told to the cell that needs it
    );
  }

  evaluate(code: string, execution: number): Promise<Outcome> {
    this.recover();
    let giveUp = () => {};
    const givenUp = new Promise<Outcome>((resolve) => {
      giveUp = () => resolve({ status: "error", error: interrupted });
    });
    const running: Running = {
      code,
      name: this.#sources.name(execution),
      globals: Object.getOwnPropertyNames(globalThis).filter((name) => !this.#globals.has(name)),
      before: new Map(),
      giveUp,
    };
    this.#running = running;
    return Promise.race([givenUp, this.#evaluate(running)]);
  }

  async #evaluate(running: Running): Promise<Outcome> {
    const { code } = running;
    try {
      const usesPreloaded = this.#mentionsPreloaded(code);
      if (usesPreloaded) this.#declarePreloaded(await this.#preload!.declarations.catch(untypedBecause));
      const module = definedModule(code);
      const compiling = module ? undefined : this.#compile(running, usesPreloaded);
      const loading = usesPreloaded ? this.#loadPreloaded() : undefined;
      loading?.catch(() => undefined); // a cell that is in error does not need it
      if (module) {
        await loading;
        return await this.#define(module, running);
      }
      const compiled = (await compiling)!;
      if (this.#running !== running) return { status: "error", error: interrupted };
      for (const note of this.#notes.splice(0)) currentCell()?.print("stderr", `${note}\n`);
      if (!("code" in compiled)) {
        this.#running = undefined;
        return { status: "error", error: { name: "TypeScript", ...compiled } };
      }
      await loading;
      if (this.#running !== running) return { status: "error", error: interrupted };
      running.compiled = compiled;
      await this.#modules.prepare(compiled.requires, this.#file);
      const imports = await this.#modules.importAll(compiled.imports, this.#file);
      if (this.#running !== running) return { status: "error", error: interrupted };
      await this.#run(running, compiled, imports);
      const isGivenUp = this.#running !== running;
      const names = this.#finish(running, true);
      if (isGivenUp) return { status: "error", error: interrupted };
      return { status: "ok", value: running.runtime?.value, ...(names ? { names } : {}) };
    } catch (error) {
      const isGivenUp = this.#running !== running;
      const names = this.#finish(running, false);
      const told = isGivenUp ? interrupted : this.#errorOf(error);
      return { status: "error", error: told, ...(names ? { names } : {}) };
    }
  }

  recover(): void {
    const running = this.#running;
    if (!running) return;
    this.#finish(running, false);
    this.#modules.recover();
    running.giveUp();
  }

  async complete(code: string, cursor: number): Promise<Completions> {
    await this.#untilDeclared(code.slice(0, cursor), code);
    const { untyped, ...found } = await this.#compiler.ask("complete", code, cursor);
    if (!untyped) return found;
    const known = new Set(found.items.map(({ text }) => text));
    const more = shielded(() => this.#propertiesAt(untyped)).filter(({ text }) => !known.has(text));
    return { ...found, items: [...found.items, ...more] };
  }

  async inspect(code: string, cursor: number): Promise<Inspection | undefined> {
    await this.#untilDeclared(code, code);
    return this.#compiler.ask("inspect", code, cursor);
  }

  isComplete(code: string): Promise<Completeness> {
    return this.#compiler.ask("isComplete", code);
  }

  async variables(): Promise<NotebookVariable[]> {
    const declared = await this.#compiler.ask("variables");
    return declared.map((variable) => ({ ...variable, value: this.#variables.value(variable.name) }));
  }

  close(): void {
    this.#forgetStackTraces();
    this.#early?.close();
    this.#compiler.close();
  }

  /** By the early compiler as long as it can tell, for it is there first. */
  async #compile(running: Running, usesPreloaded: boolean): Promise<CompiledCell | CompileError> {
    const { code, name, globals } = running;
    if (this.#early && (usesPreloaded || globals.length > 0)) this.#endEarly();
    const early = await this.#early?.ask("compileEarly", code, name).catch(() => undefined);
    if (early) {
      running.isEarly = true;
      return early;
    }
    this.#endEarly();
    return this.#compiler.ask("compile", code, name, globals);
  }

  #endEarly(): void {
    this.#compiler.start();
    this.#early?.close();
    this.#early = undefined;
  }

  /** A cell that defines a module has no variables of its own. */
  async #define(module: string, running: Running): Promise<Outcome> {
    const { code, name } = running;
    const defined = await this.#compiler.tell("define", module, code, name);
    if (this.#running !== running) return { status: "error", error: interrupted };
    this.#running = undefined;
    if (typeof defined !== "string") return { status: "error", error: { name: "TypeScript", ...defined } };
    this.#modules.define(defined);
    return { status: "ok", value: undefined };
  }

  async #run(running: Running, compiled: CompiledCell, imports: Namespace[]): Promise<void> {
    const { name, code, before } = running;
    const { map, linesBefore } = compiled;
    this.#sources.add(name, code, map, { linesBefore });
    const bound = new Set<string>();
    for (const { name: variable } of compiled.declared) before.set(variable, this.#variables.state(variable));
    for (const [index, { names }] of compiled.imports.entries())
      for (const { imported, local } of names) {
        if (!before.has(local)) continue;
        const namespace = imports[index]!;
        this.#variables.bind(local, imported === "*" ? () => namespace : () => namespace[imported]);
        bound.add(local);
      }
    const runtime: CellRuntime = {
      variable: (variable) => this.#variables.variable(variable),
      own: (variable) => this.#variables.own(variable),
      goOn,
      import: (specifier, options) => this.#modules.import(specifier, this.#file, options),
      meta: this.#meta,
      imports,
      at: 0,
      value: undefined,
    };
    running.runtime = runtime;
    const script = new vm.Script(compiled.code, { filename: name });
    const run = script.runInThisContext() as (...args: unknown[]) => unknown;
    const result = run.call(undefined, runtime, this.#require, this.#file, this.#folder);
    if (compiled.isAsync) await result;
  }

  /**
   * Ends a cell: what it declared, and has come to, is declared for the next ones.
   * @param whole whether it came to its end
   */
  #finish(running: Running, whole: boolean): CellNames | undefined {
    if (this.#running !== running) return undefined;
    this.#running = undefined;
    const { compiled, isEarly, runtime, before, code, name, globals } = running;
    if (!compiled || !runtime) return undefined;
    const there: string[] = [];
    for (const { name: variable, at } of compiled.declared) {
      const old = before.get(variable)!;
      const isThere = whole || at <= runtime.at || this.#hasChanged(variable, old);
      if (isThere) {
        there.push(variable);
        this.#variables.declare(variable);
      } else this.#variables.restore(variable, old);
    }
    if (isEarly) {
      this.#early?.ask("accept", compiled.id, there).catch(() => undefined);
      this.#compiler.tell("replay", code, name, globals, there).catch(() => undefined);
    } else {
      this.#compiler.remember("replay", code, name, globals, there);
      this.#compiler.ask("accept", compiled.id, there).catch(() => undefined);
    }
    return { declared: there, used: compiled.used };
  }

  /** Whether a variable of a statement that has not ended was assigned all the same, in a loop for instance. */
  #hasChanged(name: string, before: PropertyDescriptor): boolean {
    const { value } = this.#variables.state(name);
    return value !== undefined && value !== before.value;
  }

  #errorOf(thrown: unknown): CellError {
    if (thrown instanceof NotCompiled) {
      const { name, message, traceback } = thrown;
      return { name, message, traceback, thrown };
    }
    return thrownError(thrown, this.#sources);
  }

  /** Loads the library once a cell mentions it, which takes long. */
  async #loadPreloaded(): Promise<void> {
    const { name, module } = this.#preload!;
    if (this.#variables.has(name)) return;
    const library = await this.#packages.given(module);
    this.#variables.own(name).v = library;
    this.#variables.declare(name);
  }

  #declarePreloaded(file: string): void {
    if (this.#isPreloadDeclared || !this.#preload) return;
    this.#isPreloadDeclared = true;
    const { name, module } = this.#preload;
    this.#compiler.tell("preload", { name, module, declarations: file }).catch(() => undefined);
  }

  /** Resolves when the library's declarations are there for code that mentions it, or when that takes too long for a person. */
  async #untilDeclared(written: string, code: string): Promise<void> {
    const start = /[\w$]+$/.exec(written)?.[0];
    const isStart = start !== undefined && this.#preload?.name.startsWith(start);
    if (!this.#preload || this.#isPreloadDeclared || !(isStart || this.#mentionsPreloaded(code))) return;
    const late = setTimeout(declarationsWait, undefined, { ref: false });
    await Promise.race([this.#preload.declarations.catch(() => undefined), late]);
  }

  #mentionsPreloaded(code: string): boolean {
    if (!this.#preload) return false;
    return code.includes(this.#preload.name) || code.includes(this.#preload.module);
  }

  /** What the value of `a.b.c` has, without running any code of it. */
  #propertiesAt({ path, written }: { path: string[]; written: string }): Completion[] {
    const [name = "", ...rest] = path;
    const property = this.#variables.has(name)
      ? this.#variables.state(name).value
      : (globalThis as Record<string, unknown>)[name];
    return propertiesOf(rest.reduce(valueOfProperty, property), written);
  }
}

/** Is given what each `await` of a cell's code gives. What was given up goes on no further. */
function goOn<Value>(value: Value): Value {
  const cell = currentCell();
  if (cell?.isGivenUp) throw cell.signal.reason;
  return value;
}

/** The module that a cell defines for others to import, by tslab's mark: `/** @module name *\/` at its start. */
function definedModule(code: string): string | undefined {
  return /^\s*\/\*\*[^/]*?@module\s+([\w.-]+)[^/]*?\*\//.exec(code)?.[1];
}

function untypedBecause(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  currentCell()?.print("stderr", `the library has no types in this notebook: ${reason}\n`);
  return join(import.meta.dirname, "../compiler/untyped.d.ts");
}
