import { type Cell, runInCell } from "../../kernel/cell/cell.ts";
import type { MimeBundle } from "../../kernel/cell/mimeBundle.ts";
import { showResult } from "../../kernel/display/result.ts";

/** A display of a recorded cell: all bundles that it has shown, one after another. */
export interface RecordedDisplay {
  id: string | undefined;
  bundles: MimeBundle[];
}

/** A cell that keeps what its code shows, as a page would. */
export class RecordedCell implements Cell {
  readonly #abort = new AbortController();
  readonly displays: RecordedDisplay[] = [];
  printed = "";

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Runs code in the cell, and shows its value as the cell's result. */
  run(code: () => unknown): Promise<MimeBundle | undefined> {
    return runInCell(this, async () => showResult(await code(), this));
  }

  interrupt(): void {
    this.#abort.abort();
  }

  print(_stream: "stdout" | "stderr", text: string): void {
    this.printed += text;
  }

  display(bundle: MimeBundle, id?: string): void {
    this.displays.push({ id, bundles: [bundle] });
    this.onShow(bundle);
  }

  updateDisplay(bundle: MimeBundle, id: string): void {
    const display = this.displays.find((each) => each.id === id);
    if (!display) throw new Error(`display ${id} was never shown`);
    display.bundles.push(bundle);
    this.onShow(bundle);
  }

  /** Sees each bundle as it is shown. */
  onShow: (bundle: MimeBundle) => void = () => {};

  clearOutput(): void {
    this.displays.length = 0;
  }

  async input(): Promise<string> {
    return "";
  }

  prompt(): string {
    return "";
  }

  openComm(): never {
    throw new Error("this page has no widgets");
  }
}
