import { type Cell, newCellId } from "../../../../kernel/nbformat/notebook.ts";

export type CellType = Cell["cell_type"];

/** A change of which cells there are, in which order, and of what kind. Their text has the text editor's own history. */
export type CellChange =
  | { kind: "insert"; at: number; cell: Cell }
  | { kind: "remove"; id: string }
  | { kind: "move"; id: string; to: number }
  | { kind: "retype"; id: string; type: CellType };

/** The cells after a change, and the change that takes it back. */
export interface Changed {
  cells: readonly Cell[];
  inverse: CellChange;
}

/** Does a change; undefined where it changes nothing: the cell is not there, or is so already. */
export function changeCells(cells: readonly Cell[], change: CellChange): Changed | undefined {
  if (change.kind === "insert") {
    const at = Math.min(Math.max(change.at, 0), cells.length);
    return { cells: cells.toSpliced(at, 0, change.cell), inverse: { kind: "remove", id: change.cell.id } };
  }
  const { id } = change;
  const at = cells.findIndex((cell) => cell.id === id);
  const cell = cells[at];
  if (!cell) return undefined;
  switch (change.kind) {
    case "remove":
      return { cells: cells.toSpliced(at, 1), inverse: { kind: "insert", at, cell } };
    case "move": {
      const to = Math.min(Math.max(change.to, 0), cells.length - 1);
      if (to === at) return undefined;
      return { cells: cells.toSpliced(at, 1).toSpliced(to, 0, cell), inverse: { kind: "move", id, to: at } };
    }
    case "retype": {
      if (cell.cell_type === change.type) return undefined;
      const { metadata, source } = cell;
      const inverse = { kind: "retype", id, type: cell.cell_type } as const;
      return { cells: cells.with(at, newCell(change.type, source, { id, metadata })), inverse };
    }
  }
}

/** A cell that has not run. */
export function newCell(type: CellType, source = "", kept: Partial<Pick<Cell, "id" | "metadata">> = {}): Cell {
  const common = { id: newCellId(), metadata: {}, ...kept, source };
  if (type === "code") return { cell_type: type, ...common, outputs: [], execution_count: null };
  return { cell_type: type, ...common };
}

/** The cells with another text in one of them; the others stay the same objects. */
export function writeCell(cells: readonly Cell[], id: string, source: string): readonly Cell[] {
  const at = cells.findIndex((cell) => cell.id === id);
  const cell = cells[at];
  return !cell || cell.source === source ? cells : cells.with(at, { ...cell, source });
}
