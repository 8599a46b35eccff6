import { basename, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { currentCell } from "../cell/cell.ts";
import { shielded } from "../cell/shield.ts";
import { CellModules, importingAsCells } from "./cellModules.ts";
import { CellSources } from "./cellSources.ts";
import { awaitsAtTop } from "./cellTransformer.ts";
import { type CompiledCell, CompiledCells } from "./compiledCell.ts";
import { completenessOf } from "./completeness.ts";
import { describeCompletions } from "./completion.ts";
import { Declarations, declaredValues } from "./declarations.ts";
import { describeExports } from "./descriptions.ts";
import type { CellError, Completeness, Completions, Engine, Inspection, Outcome } from "./engine.ts";
import { withoutExport } from "./exportKeyword.ts";
import { calleeAround, inspectionOf } from "./inspection.ts";
import { type LazyProgram, withLazyProgram } from "./lazyProgram.ts";
import { reservedNames } from "./reservedNames.ts";
import { tellCellsInStackTraces, thrownError } from "./stackTrace.ts";
import {
  type Converted,
  type Converter,
  type Executor,
  type TslabDiagnostic,
  tslabConverter,
  tslabDisplay,
  tslabExecutor,
} from "./tslabModules.ts";
import { moduleErrors, typeErrors } from "./typeErrors.ts";

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

export interface EngineOptions {
  /** The folder of the notebook: what cells import is looked for from there. */
  cwd: string;
  preload?: Preload;
}

/** What the scripts of cells are handed. */
interface Handed {
  exports: object;
  require: (specifier: string) => unknown;
  goOn?: typeof goOn;
}

/** A cell between its start and its end. */
interface Running {
  code: string;
  /** In stack traces. */
  name: string;
  /** What it declares, once it is compiled. */
  declarations: string;
  /** What it declares anew, as it was before. */
  before: Map<string, PropertyDescriptor>;
  lastExpression?: string;
  error?: CellError;
  /** What SIGINT would have called: Node takes it away while a cell runs, and termination keeps it from coming back. */
  onSigint: NodeJS.SignalsListener[];
}

/** Keeps tslab's executor from running a cell; its errors are told by us. */
const tslabMustKnow: TslabDiagnostic = {
  start: { offset: 0, line: 0, character: 0 },
  end: { offset: 0, line: 0, character: 0 },
  messageText: "the cell has errors",
  code: 0,
};

/** How long completion waits for the library's declarations, which are looked for when the kernel starts, in milliseconds. */
const declarationsWait = 1_000;
/** For how long at a time the library's names are described, in milliseconds. */
const describingSlice = 5;

/** What a cell ends with that was given up. */
const interrupted: CellError = {
  name: "Interrupted",
  message: "the cell was interrupted; what it declared is kept",
  traceback: ["Interrupted: the cell was interrupted; what it declared is kept"],
};

/** Makes an engine on tslab's compiler and executor, and lets it compile once, so that the first cell is quick. */
export async function createTslabEngine(options: EngineOptions): Promise<Engine> {
  return new TslabEngine(options);
}

class TslabEngine implements Engine {
  readonly #folder: string;
  readonly #preload: Preload | undefined;
  readonly #converter: Converter;
  readonly #program: LazyProgram;
  readonly #executor: Executor;
  readonly #modules: CellModules;
  readonly #sources = new CellSources();
  /** The variables of all cells. */
  readonly #scope: Record<string, unknown> = Object.create(null);
  readonly #declarations = new Declarations();
  /** The files that declare modules which lie near no notebook. */
  readonly #known = new Map<string, string>();
  readonly #compiled = new CompiledCells();
  readonly #forgetStackTraces: () => void;
  #running: Running | undefined;
  #isPreloadDeclared = false;
  #isDescribed = false;
  #describing: NodeJS.Immediate | undefined;

  constructor({ cwd, preload }: EngineOptions) {
    this.#folder = cwd;
    this.#preload = preload;
    const { result, program } = withLazyProgram(cwd, this.#known, () => tslabConverter.createConverter({}));
    this.#converter = result;
    this.#program = program;
    preload?.declarations.then(
      (file) => this.#known.set(preload.module, file),
      () => undefined, // told to the cell that needs it
    );
    this.#executor = tslabExecutor.createExecutor(cwd, this.#converters(), {
      log: () => {},
      error: (...values) => this.#failed(values),
    });
    const given = new Map(preload ? [[preload.module, () => preload.load()]] : []);
    // Where tslab's executor leaves for its scripts what they call `exports` and `require`.
    const handed = globalThis as unknown as { __tslab__: Handed };
    this.#modules = new CellModules(cwd, handed.__tslab__.require, given);
    handed.__tslab__ = { exports: this.#scope, require: this.#modules.require, goOn };
    this.#forgetStackTraces = tellCellsInStackTraces(this.#sources);
    tslabDisplay.lastWriteDisplayData = ({ data, transient: { display_id: id } }, update) => {
      const cell = currentCell();
      if (update && id !== undefined) cell?.updateDisplay({ data }, id);
      else cell?.display({ data }, id);
    };
    this.#converter.convert(this.#declarations.text, "const warm = 0; warm;");
  }

  async evaluate(code: string, execution: number): Promise<Outcome> {
    this.recover();
    const running: Running = {
      code,
      name: this.#sources.name(execution),
      declarations: "",
      before: new Map(),
      onSigint: process.listeners("SIGINT"),
    };
    this.#running = running;
    try {
      const importers = this.#modules.importers(code);
      await this.#loadPreloaded(importers.map((each) => each.code).join("\n"));
      await this.#modules.prepare(importers);
      if (this.#running !== running) return { status: "error", error: interrupted };
      if ((await this.#executor.execute(code)) && !running.error)
        return { status: "ok", value: this.#finish(running, true) };
    } catch (error) {
      running.error ??= thrownError(error, this.#sources);
    }
    this.#finish(running, false);
    return { status: "error", error: running.error ?? interrupted };
  }

  recover(): void {
    const running = this.#running;
    if (!running) return;
    this.#finish(running, false);
    this.#executor.interrupt();
    for (const listener of running.onSigint)
      if (!process.listeners("SIGINT").includes(listener)) process.on("SIGINT", listener);
  }

  async complete(code: string, cursor: number): Promise<Completions> {
    const written = code.slice(0, cursor).match(/[\w$]+$/)?.[0];
    const isStart = written !== undefined && this.#preload?.name.startsWith(written);
    const spoken = isStart ? this.#preload!.name : code;
    await this.#untilDeclared(spoken);
    return shielded(() => {
      this.#declarePreloaded(spoken);
      const found = this.#converter.complete(this.#declarations.text, code, cursor);
      const file = this.#program.cell();
      const position = cursor + file.text.length - code.length;
      return describeCompletions(found, this.#program.program(), file, position, (name) => this.#valueOf(name));
    });
  }

  async inspect(code: string, cursor: number): Promise<Inspection | undefined> {
    await this.#untilDeclared(code);
    return shielded(() => {
      this.#declarePreloaded(code);
      const at = (position: number) => this.#converter.inspect(this.#declarations.text, code, position);
      const info = at(cursor);
      if (info) return inspectionOf(info);
      const callee = calleeAround(this.#program.cell(), cursor, code);
      const called = callee === undefined ? undefined : at(callee);
      return called && inspectionOf(called);
    });
  }

  isComplete(code: string): Completeness {
    return completenessOf(code);
  }

  close(): void {
    clearImmediate(this.#describing);
    this.#forgetStackTraces();
    tslabDisplay.lastWriteDisplayData = null;
    this.#executor.close();
  }

  #converters() {
    return {
      node: {
        convert: (_declarations: string, code: string) => this.#convert(code),
        complete: this.#converter.complete,
        inspect: this.#converter.inspect,
        addModule: (name: string, code: string, meta: unknown) => this.#addModule(name, code, meta),
      },
      browser: null,
      close: () => this.#converter.close(),
    };
  }

  /** Compiles the running cell. tslab's executor runs what it returns at once. */
  #convert(code: string): Converted {
    const running = this.#running!;
    const compiled = shielded(() => this.#compile(code, running));
    if (!compiled) return { diagnostics: [tslabMustKnow] };
    const { converted, emitted, isAsync } = compiled;
    running.declarations = emitted.declarations;
    for (const name of declaredValues(emitted.declarations)) this.#setAside(name, running);
    if (converted.lastExpressionVar) running.lastExpression = converted.lastExpressionVar;
    const { name } = running;
    this.#sources.add(name, code, emitted, converted.output!, isAsync);
    const { lastExpressionVar: _, output, ...rest } = converted;
    return { ...rest, hasToplevelAwait: isAsync, output: `${output}\n//# sourceURL=${name}` };
  }

  /** @returns nothing where the cell has errors, which are noted */
  #compile(code: string, running: Running): CompiledCell | undefined {
    const scope = this.#declarations.mentionedBy(code);
    const known = this.#compiled.get(code, scope);
    if (known) return known;
    const converted = this.#converter.convert(scope, withoutExport(code));
    if (converted.diagnostics.length > 0 || reservedNames(this.#program.cell()).length > 0) {
      // Once more with all names, for the compiler may know which one was meant.
      this.#converter.convert(this.#declarations.text, withoutExport(code));
      const file = this.#program.cell();
      running.error = typeErrors(this.#program.diagnostics(), file, code, running.name, this.#folder);
      return undefined;
    }
    if (converted.sideOutputs) converted.sideOutputs = ownFiles(converted.sideOutputs);
    const compiled = { converted, emitted: this.#program.emitted!, isAsync: awaitsAtTop(this.#program.cell()) };
    // What a cell imports may change without the cell.
    if (!/\b(import|require)\b/.test(code)) this.#compiled.set(code, scope, compiled);
    return compiled;
  }

  /** Takes a variable out of the scope that a cell is about to declare anew. */
  #setAside(name: string, { before }: Running): void {
    const property = Object.getOwnPropertyDescriptor(this.#scope, name);
    if (!property) return;
    before.set(name, property);
    delete this.#scope[name];
  }

  #addModule(name: string, code: string, meta: unknown): [] {
    const running = this.#running!;
    const diagnostics = shielded(() => this.#converter.addModule(name, code, meta));
    if (diagnostics.length > 0) running.error = moduleErrors(diagnostics, code, running.name);
    return [];
  }

  /** What tslab's executor prints as errors: what the cell threw, or type errors, which are known better already. */
  #failed(values: unknown[]): void {
    if (this.#running) this.#running.error ??= thrownError(values[0], this.#sources);
  }

  /**
   * Ends a cell: what it declared, and has a value, is declared for the next ones.
   * @returns the value of its last expression
   */
  #finish(running: Running, whole: boolean): unknown {
    if (this.#running !== running) return undefined;
    this.#running = undefined;
    const { lastExpression, before, declarations } = running;
    const value = lastExpression === undefined ? undefined : this.#scope[lastExpression];
    if (lastExpression !== undefined) delete this.#scope[lastExpression];
    if (whole) this.#declarations.add(declarations);
    else {
      this.#declarations.add(declarations, (name) => this.#isThere(name));
      for (const [name, property] of before)
        if (!this.#isThere(name)) Object.defineProperty(this.#scope, name, property);
    }
    this.#describeWhenIdle();
    return value;
  }

  /** Whether a cell that ended half-way came to what declares a variable. A constant is undefined until then. */
  #isThere(name: string): boolean {
    const property = Object.getOwnPropertyDescriptor(this.#scope, name);
    return property !== undefined && (property.get !== undefined || property.value !== undefined);
  }

  /** Loads the library, and declares it, once a cell mentions it: both take long. */
  async #loadPreloaded(code: string): Promise<void> {
    if (!this.#preload || !this.#mentionsPreloaded(code)) return;
    const { name, module, declarations } = this.#preload;
    if (!this.#known.has(module)) this.#known.set(module, await declarations.catch(untypedBecause));
    this.#declarePreloaded(code);
    if (!(name in this.#scope)) this.#scope[name] = await this.#modules.given(module);
  }

  /** Brings the library's name into scope, unless cells have declared it otherwise. */
  #declarePreloaded(code: string): void {
    if (this.#isPreloadDeclared || !this.#preload || !this.#mentionsPreloaded(code)) return;
    const { name, module } = this.#preload;
    if (!this.#known.has(module)) return;
    this.#isPreloadDeclared = true;
    if (!(name in this.#scope)) this.#declarations.add(`import * as ${name} from "${module}";`);
    this.#describeWhenIdle();
  }

  /** Resolves when the library's declarations are there for code that mentions it, or when that takes too long for a person. */
  async #untilDeclared(code: string): Promise<void> {
    if (!this.#preload || !this.#mentionsPreloaded(code) || this.#known.has(this.#preload.module)) return;
    const late = setTimeout(declarationsWait, undefined, { ref: false });
    await Promise.race([this.#preload.declarations.catch(() => undefined), late]);
  }

  /** Describes the library's names while no cell runs, a little at a time: completing them has to be quick. */
  #describeWhenIdle(): void {
    const file = this.#known.get(this.#preload?.module ?? "");
    if (this.#isDescribed || this.#describing || !this.#isPreloadDeclared || file === undefined) return;
    this.#describing = setImmediate(() => {
      this.#describing = undefined;
      if (this.#running) return; // the end of the cell comes back to it
      const until = performance.now() + describingSlice;
      this.#isDescribed = shielded(() => describeExports(this.#program.program(), file, until));
      this.#describeWhenIdle();
    });
  }

  #mentionsPreloaded(code: string): boolean {
    const { name = "", module = "" } = this.#preload ?? {};
    return code.includes(name) || code.includes(module);
  }

  #valueOf(name: string): unknown {
    return name in this.#scope ? this.#scope[name] : (globalThis as Record<string, unknown>)[name];
  }
}

/** Is given what each `await` of a cell's code gives. What was given up goes on no further. */
function goOn<Value>(value: Value): Value {
  const cell = currentCell();
  if (cell?.isGivenUp) throw cell.signal.reason;
  return value;
}

/**
 * The notebook's own files that a cell imports, as they are to run. They are there twice, for they are imported by the names of
 * their sources, `./helper.ts`, too, and tslab knows `./helper.js` only.
 */
function ownFiles(outputs: { path: string; data: string }[]): { path: string; data: string }[] {
  return outputs.flatMap(({ path, data }) => [
    { path, data: importingAsCells(data) },
    {
      path: path.replace(/js(x?)$/, "ts$1"),
      data: `module.exports = require(${JSON.stringify(`./${basename(path)}`)});`,
    },
  ]);
}

function untypedBecause(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  currentCell()?.print("stderr", `the library has no types in this notebook: ${reason}\n`);
  return join(import.meta.dirname, "untyped.d.ts");
}
