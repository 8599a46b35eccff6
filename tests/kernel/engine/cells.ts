import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import type { CellError, Engine } from "../../../kernel/engine/engine.ts";
import { createTslabEngine, type Preload } from "../../../kernel/engine/tslabEngine.ts";

/** Cells of a notebook that lies in a folder of its own, far from any packages. */
export class Cells {
  readonly engine: Engine;
  readonly folder: string;
  #count = 0;

  private constructor(engine: Engine, folder: string) {
    this.engine = engine;
    this.folder = folder;
  }

  /** Starts an engine, which ends with the file of tests. There is one of them in a process. */
  static async start(files: Record<string, string> = {}, preload?: Preload): Promise<Cells> {
    const folder = mkdtempSync(join(tmpdir(), "flamingo-notebook-"));
    const engine = await createTslabEngine({ cwd: folder, ...(preload ? { preload } : {}) });
    const cells = new Cells(engine, folder);
    cells.write(files);
    afterAll(() => {
      engine.close();
      rmSync(folder, { recursive: true });
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
      const outcome = await this.engine.evaluate(code, ++this.#count);
      if (outcome.status === "error") throw new Error(outcome.error.traceback.join("\n"));
      value = outcome.value;
    }
    return value;
  }

  /** Runs a cell that is to fail. */
  async fail(code: string): Promise<CellError> {
    const outcome = await this.engine.evaluate(code, ++this.#count);
    if (outcome.status === "ok") throw new Error(`this should fail, and gave ${String(outcome.value)}: ${code}`);
    return outcome.error;
  }

  /** Starts a cell that does not end, and gives it up. */
  async abandon(code: string): Promise<void> {
    const lost = this.engine.evaluate(code, ++this.#count);
    await new Promise((resolve) => setImmediate(resolve));
    this.engine.recover();
    await lost;
  }
}
