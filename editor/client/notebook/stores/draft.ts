import { type Cell, checkNotebook, type NotebookFile } from "../../../../kernel/nbformat/notebook.ts";

/** What of a notebook is not on disk yet, as the browser keeps it. */
export interface Draft {
  /** Time of the file that it began from. */
  modified: string;
  file: NotebookFile;
  /** False if the outputs were too large to keep: those on disk stand. */
  outputs: boolean;
}

/** Where drafts are kept: the browser's local storage, or anything like it. */
type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const placeOf = (path: string) => `flamingo:notebook:${path}`;
/** Characters of a draft with outputs; the browser keeps a few millions in all. */
const most = 1_500_000;

/** @returns false if nothing was kept: storage is full or forbidden */
export function keepDraft(path: string, modified: string, file: NotebookFile, shelf: Shelf): boolean {
  const whole = JSON.stringify({ modified, file, outputs: true });
  const text = whole.length <= most ? whole : JSON.stringify({ modified, file: withoutOutputs(file), outputs: false });
  try {
    shelf.setItem(placeOf(path), text);
    return true;
  } catch {
    return false;
  }
}

/** The draft of a notebook; undefined if there is none, or if it cannot be read. */
export function readDraft(path: string, shelf: Shelf): Draft | undefined {
  try {
    const value = JSON.parse(shelf.getItem(placeOf(path)) ?? "null") as Partial<Draft> | null;
    if (!value || typeof value.modified !== "string") return undefined;
    return { modified: value.modified, file: checkNotebook(value.file, path), outputs: value.outputs === true };
  } catch {
    return undefined;
  }
}

export function dropDraft(path: string, shelf: Shelf): void {
  shelf.removeItem(placeOf(path));
}

/** The draft as a whole notebook: where it has no outputs, those of the cells on disk that are the same. */
export function restore({ file, outputs }: Draft, onDisk: NotebookFile): NotebookFile {
  if (outputs) return file;
  const known = new Map(onDisk.cells.map((cell) => [cell.id, cell]));
  const restored = file.cells.map((cell): Cell => {
    const before = known.get(cell.id);
    if (cell.cell_type !== "code" || before?.cell_type !== "code") return cell;
    return { ...cell, outputs: before.outputs, execution_count: before.execution_count };
  });
  return { ...file, cells: restored };
}

function withoutOutputs(file: NotebookFile): NotebookFile {
  const cells = file.cells.map((cell) => (cell.cell_type === "code" ? { ...cell, outputs: [] } : cell));
  return { ...file, cells };
}
