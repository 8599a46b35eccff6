import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import { createInterpreter, type Preload } from "../../../kernel/interpreter/cellInterpreter.ts";
import { CompilerProcess } from "../../../kernel/interpreter/compilerProcess.ts";
import type { CellError, Interpreter } from "../../../kernel/interpreter/interpreter.ts";
import { findSnapshots } from "../../../kernel/types/snapshot.ts";

/** Cells of a notebook that lies in a folder of its own, far from any packages. */
export class Cells {
  readonly interpreter: Interpreter;
  readonly folder: string;
  #count = 0;

  private constructor(interpreter: Interpreter, folder: string) {
    this.interpreter = interpreter;
    this.folder = folder;
  }

  /** Starts an interpreter, which ends with the file of tests. There is one of them in a process. */
  static start(files: Record<string, string> = {}, preload?: Preload): Promise<Cells> {
    return Cells.startWith(new CompilerProcess({ snapshot: findSnapshots()?.whole }), files, preload);
  }

  /** The same with a compiler of its own, and one for the first cells. */
  static async startWith(
    compiler: CompilerProcess,
    files: Record<string, string> = {},
    preload?: Preload,
    earlyCompiler?: CompilerProcess,
  ): Promise<Cells> {
    const parent = mkdtempSync(join(tmpdir(), "flamingo-notebook-"));
    const folder = join(parent, "notebook");
    mkdirSync(folder);
    const interpreter = await createInterpreter({
      cwd: folder,
      compiler,
      earlyCompiler,
      ...(preload ? { preload } : {}),
    });
    const cells = new Cells(interpreter, folder);
    cells.write(files);
    afterAll(() => {
      interpreter.close();
      rmSync(parent, { recursive: true });
    });
    return cells;
  }

  write(files: Record<string, string>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.folder, name)), { recursive: true });
      writeFileSync(join(this.folder, name), text);
    }
  }

  /** The number of the latest cell. */
  get latest(): string {
    return `In[${this.#count}]`;
  }

  /** Runs cells one after another, and gives the value of the last. Fails where one fails. */
  async run(...codes: string[]): Promise<unknown> {
    let value: unknown;
    for (const code of codes) {
      const outcome = await this.interpreter.evaluate(code, ++this.#count);
      if (outcome.status === "error") throw new Error(outcome.error.traceback.join("\n"));
      value = outcome.value;
    }
    return value;
  }

  /** Runs a cell that is to fail. */
  async fail(code: string): Promise<CellError> {
    const outcome = await this.interpreter.evaluate(code, ++this.#count);
    if (outcome.status === "ok") throw new Error(`this should fail, and gave ${String(outcome.value)}: ${code}`);
    return outcome.error;
  }

  /** Starts a cell that does not end, and gives it up. */
  async abandon(code: string): Promise<void> {
    const begun = new Promise<void>((resolve) => Object.assign(globalThis, { begun: resolve }));
    const lost = this.interpreter.evaluate(code.replace("await", "(globalThis as any).begun(); await"), ++this.#count);
    await begun;
    this.interpreter.recover();
    await lost;
  }
}
