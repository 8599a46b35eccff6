import type { Emitted } from "./lazyProgram.ts";
import type { Converted } from "./tslabModules.ts";

/** A cell as it was compiled in some scope. */
export interface CompiledCell {
  converted: Converted;
  emitted: Emitted;
  /** Whether it awaits outside of functions. */
  isAsync: boolean;
}

const most = 100;

/** What cells were compiled to, for those that are run again: the same code in the same scope means the same. */
export class CompiledCells {
  readonly #cells = new Map<string, { scope: string; cell: CompiledCell }>();

  get(code: string, scope: string): CompiledCell | undefined {
    const found = this.#cells.get(code);
    return found?.scope === scope ? found.cell : undefined;
  }

  set(code: string, scope: string, cell: CompiledCell): void {
    this.#cells.delete(code);
    this.#cells.set(code, { scope, cell });
    const [oldest] = this.#cells.keys();
    if (this.#cells.size > most && oldest !== undefined) this.#cells.delete(oldest);
  }
}
