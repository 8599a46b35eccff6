import type { Cell } from "../../../../kernel/nbformat/notebook.ts";
import { type CellChange, changeCells } from "./cells.ts";

/** Changes of the cells that can be taken back, and that can be done again: the last one at the end. */
export interface CellHistory {
  past: readonly CellChange[];
  future: readonly CellChange[];
}

export const noCellHistory: CellHistory = { past: [], future: [] };

/** Older changes than so many cannot be taken back. */
const longest = 200;

interface Stepped {
  cells: readonly Cell[];
  history: CellHistory;
  /** The change that was done now. */
  change: CellChange;
}

/** Does a change and notes how to take it back; undefined where it changes nothing. */
export function doChange(history: CellHistory, cells: readonly Cell[], change: CellChange): Stepped | undefined {
  const changed = changeCells(cells, change);
  if (!changed) return undefined;
  const past = [...history.past.slice(1 - longest), changed.inverse];
  return { cells: changed.cells, history: { past, future: [] }, change };
}

/** Takes the last change back; undefined if there is none. */
export function undoChange({ past, future }: CellHistory, cells: readonly Cell[]): Stepped | undefined {
  const change = past.at(-1);
  const changed = change && changeCells(cells, change);
  if (!changed) return undefined;
  return { cells: changed.cells, history: { past: past.slice(0, -1), future: [...future, changed.inverse] }, change };
}

/** Does again what was taken back last; undefined if there is nothing. */
export function redoChange({ past, future }: CellHistory, cells: readonly Cell[]): Stepped | undefined {
  const change = future.at(-1);
  const changed = change && changeCells(cells, change);
  if (!changed) return undefined;
  return { cells: changed.cells, history: { past: [...past, changed.inverse], future: future.slice(0, -1) }, change };
}
