import { FlamingoError } from "../../src/core/errors.ts";
import type { CodeCell, NotebookFile } from "../nbformat/notebook.ts";
import { beginCell, foldOutput, type NotebookOutputs, outputsOf } from "../nbformat/outputs.ts";
import type { Message } from "../protocol/message.ts";
import type { KernelClient } from "./kernelClient.ts";

export interface ExecuteNotebookOptions {
  /** Milliseconds that each cell has. */
  timeout?: number;
  /** Goes on after a cell that failed. */
  allowErrors?: boolean;
  /** Interrupts the cell that runs, and runs no more. */
  signal?: AbortSignal;
  /** Is called for each cell that has run. */
  onCell?: (progress: CellProgress) => void;
}

export interface CellProgress {
  /** Its place among the cells with code, from 1. */
  number: number;
  count: number;
  /** The first line of its code. */
  line: string;
  milliseconds: number;
}

/** A notebook with what its cells showed, as far as they ran. */
export interface ExecutedNotebook {
  notebook: NotebookFile;
  /** Why it went no further: CELL_FAILED or KERNEL_DIED. */
  failure?: FlamingoError;
}

/** Milliseconds that an interrupted cell has to end, before its kernel is ended. */
const grace = 10_000;

/** Runs a notebook's cells from the top. What cells showed before is replaced; all the rest stays as it is. */
export async function executeNotebook(
  kernel: KernelClient,
  notebook: NotebookFile,
  options: ExecuteNotebookOptions = {},
): Promise<ExecutedNotebook> {
  const cells = notebook.cells.filter(
    (cell): cell is CodeCell => cell.cell_type === "code" && cell.source.trim() !== "",
  );
  let shown: NotebookOutputs = new Map();
  for (const cell of notebook.cells) if (cell.cell_type === "code") shown = beginCell(shown, cell.id);
  let failure: FlamingoError | undefined;
  for (const [index, cell] of cells.entries()) {
    if (options.signal?.aborted) break;
    if (hasTag(cell, "skip-execution")) continue;
    const began = Date.now();
    const line = cell.source.trim().split("\n")[0]!;
    const take = ({ header, content }: Message) => {
      shown = foldOutput(shown, cell.id, header.msg_type, content);
    };
    failure = await runCell(kernel, cell, take, options).then(
      (reason) => (reason ? cellFailed(`code cell ${index + 1} of ${cells.length} (${line}) ${reason}`) : undefined),
      (error: FlamingoError) => error,
    );
    options.onCell?.({ number: index + 1, count: cells.length, line, milliseconds: Date.now() - began });
    const expected = options.allowErrors || hasTag(cell, "raises-exception");
    if (failure?.code === "CELL_FAILED" && expected && !options.signal?.aborted) failure = undefined;
    if (failure) break;
  }
  const executed = { notebook: withOutputs(notebook, shown, kernel) };
  return failure && !options.signal?.aborted ? { ...executed, failure } : executed;
}

/** Runs a cell. Returns why it failed, if it did. */
async function runCell(
  kernel: KernelClient,
  cell: CodeCell,
  onOutput: (message: Message) => void,
  { timeout, signal }: ExecuteNotebookOptions,
): Promise<string | undefined> {
  let late = false;
  let killer: NodeJS.Timeout | undefined;
  const interrupt = () => {
    killer ??= setTimeout(() => void kernel.kill(), grace);
    kernel.interrupt().catch(() => {}); // its end is told by the cell's
  };
  const timer =
    timeout === undefined
      ? undefined
      : setTimeout(() => {
          late = true;
          interrupt();
        }, timeout);
  signal?.addEventListener("abort", interrupt, { once: true });
  try {
    const { content } = await kernel.execute(cell.source, { onOutput });
    if (late) return `took longer than ${timeout! / 1000} s`;
    return content.status === "ok" ? undefined : `failed: ${content.ename ?? "aborted"}: ${content.evalue ?? ""}`;
  } finally {
    clearTimeout(timer);
    clearTimeout(killer);
    signal?.removeEventListener("abort", interrupt);
  }
}

function withOutputs(notebook: NotebookFile, shown: NotebookOutputs, { info }: KernelClient): NotebookFile {
  const cells = notebook.cells.map((cell) => {
    const outputs = shown.get(cell.id);
    if (cell.cell_type !== "code" || !outputs) return cell;
    return { ...cell, execution_count: outputs.executionCount, outputs: outputsOf(outputs) };
  });
  const metadata = { ...notebook.metadata, language_info: info.language_info };
  return { ...notebook, metadata, cells };
}

/** Tags by which a notebook says how a cell is to be run; nbclient has the same. */
function hasTag({ metadata }: CodeCell, tag: string): boolean {
  return Array.isArray(metadata.tags) && metadata.tags.includes(tag);
}

function cellFailed(message: string): FlamingoError {
  return new FlamingoError("CELL_FAILED", message, {
    fix: "correct the cell, or go on after errors with --allow-errors",
  });
}
