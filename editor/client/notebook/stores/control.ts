import { create } from "zustand";
import { tellError } from "../../stores/notices.ts";
import { newCell } from "../document/cells.ts";
import type { Command, NotebookControl } from "../document/commands.ts";
import { followRunning } from "./following.ts";
import { execute, interruptKernel, restartKernel } from "./kernel.ts";
import { change, clearOutputs, redoCells, renderCell, selectCell, undoCells, useNotebook } from "./notebook.ts";
import { saveNotebook } from "./saving.ts";

type NotebookDialog = "restart" | "restartAndRunAll" | "help";

/** The dialog that is open over the notebook. */
export const useNotebookDialog = create<{ dialog: NotebookDialog | undefined }>(() => ({ dialog: undefined }));

export function openNotebookDialog(dialog: NotebookDialog | undefined): void {
  useNotebookDialog.setState({ dialog });
}

/** Does a command with the notebook that is shown. */
export function perform(command: Command): void {
  if (useNotebook.getState().phase === "open") command.perform(control);
}

/** Restarts the kernel, and runs all cells if asked to. */
export async function restart(thenRunAll: boolean): Promise<void> {
  await restartKernel();
  if (thenRunAll) control.runAll();
}

/** Runs cells: code goes to the kernel, Markdown is shown as what it says. */
function run(ids: readonly string[]): void {
  const { cells } = useNotebook.getState();
  const chosen = cells.filter(({ id }) => ids.includes(id));
  for (const { id, cell_type } of chosen) if (cell_type === "markdown") renderCell(id);
  const codes = chosen.filter(({ cell_type, source }) => cell_type === "code" && source.trim() !== "");
  clearOutputs(
    chosen.filter(({ cell_type, source }) => cell_type === "code" && source.trim() === "").map(({ id }) => id),
  );
  if (codes.length > 0) void execute(codes.map(({ id }) => id));
}

/** The selected cell and where it is. */
function here() {
  const { cells, selected, mode, copied } = useNotebook.getState();
  const at = cells.findIndex(({ id }) => id === selected);
  return { cells, at, cell: cells[at], mode, copied };
}

function insert(at: number, cell = newCell("code")): void {
  change({ kind: "insert", at, cell });
}

export const control: NotebookControl = {
  run(then) {
    const { cells, at, cell, mode } = here();
    if (!cell) return;
    run([cell.id]);
    if (then === "stay") selectCell(cell.id);
    else if (then === "insert" || at === cells.length - 1) {
      insert(at + 1);
      selectCell(useNotebook.getState().cells[at + 1]!.id, "edit");
    } else {
      const next = cells[at + 1]!;
      selectCell(next.id, mode === "edit" && next.cell_type === "code" ? "edit" : "command");
    }
  },
  runAll() {
    followRunning();
    run(useNotebook.getState().cells.map(({ id }) => id));
  },
  runFrom() {
    const { cells, at } = here();
    followRunning();
    run(cells.slice(Math.max(0, at)).map(({ id }) => id));
  },
  interrupt: () => void interruptKernel().catch(tellError),
  restart: () => openNotebookDialog("restart"),
  restartAndRunAll: () => openNotebookDialog("restartAndRunAll"),
  save: () => void saveNotebook().catch(tellError),
  edit() {
    const { cell } = here();
    if (cell) selectCell(cell.id, "edit");
  },
  leave() {
    const { cell } = here();
    if (cell) selectCell(cell.id);
  },
  select(step) {
    const { cells, at } = here();
    const next = cells[at + step];
    if (next) selectCell(next.id);
  },
  insert: (side) => insert(here().at + (side === "above" ? 0 : 1)),
  remove() {
    const { cell } = here();
    if (cell) change({ kind: "remove", id: cell.id });
  },
  move(step) {
    const { cell, at } = here();
    if (cell) change({ kind: "move", id: cell.id, to: at + step });
  },
  retype(type) {
    const { cell } = here();
    if (cell) change({ kind: "retype", id: cell.id, type });
  },
  undo: undoCells,
  redo: redoCells,
  cut() {
    control.copy();
    control.remove();
  },
  copy() {
    const { cell } = here();
    if (cell) useNotebook.setState({ copied: cell });
  },
  paste() {
    const { at, copied } = here();
    if (copied) insert(at + 1, newCell(copied.cell_type, copied.source, { metadata: copied.metadata }));
  },
  clearOutput() {
    const { cell } = here();
    if (cell) clearOutputs([cell.id]);
  },
  clearAllOutputs: () => clearOutputs(),
  help: () => openNotebookDialog("help"),
};
