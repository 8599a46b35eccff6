import { create } from "zustand";
import type { Cell, NotebookFile } from "../../../../kernel/nbformat/notebook.ts";
import { type CellOutputs, type NotebookOutputs, outputsOf } from "../../../../kernel/nbformat/outputs.ts";
import type { ErrorReport } from "../../../../src/core/errors.ts";
import { type CellHistory, doChange, noCellHistory, redoChange, undoChange } from "../document/cellHistory.ts";
import { type CellChange, newCell, writeCell } from "../document/cells.ts";
import type { Mode } from "../document/commands.ts";
import { type CellDependencies, staleCells } from "../document/stale.ts";
import type { StoredNotebook } from "./files.ts";

/** How the running of a code cell stands. Times are milliseconds since 1970. */
export interface CellRun {
  status: "queued" | "running" | "succeeded" | "failed" | "interrupted";
  started?: number;
  ended?: number;
}

export interface NotebookState {
  /** Of the notebook that is shown; undefined if there is none. */
  path: string | undefined;
  phase: "opening" | "open" | "failed";
  /** Why it could not be opened. */
  error: ErrorReport | undefined;
  writable: boolean;
  /** What was read from disk or written there last, by its time. */
  modified: string;
  /** The file but for its cells. */
  rest: Omit<NotebookFile, "cells">;
  cells: readonly Cell[];
  outputs: NotebookOutputs;
  runs: Readonly<Record<string, CellRun>>;
  /** Which variables each cell that ran in this kernel has to do with. */
  dependencies: Readonly<Record<string, CellDependencies>>;
  /** Cells that show what is out of date, each with the variables that are why. */
  stale: ReadonlyMap<string, readonly string[]>;
  /** The selected cell's id. */
  selected: string | undefined;
  mode: Mode;
  /** Markdown cells whose text is shown rather than what it says. */
  opened: ReadonlySet<string>;
  history: CellHistory;
  copied: Cell | undefined;
}

const nothing: NotebookState = {
  path: undefined,
  phase: "opening",
  error: undefined,
  writable: false,
  modified: "",
  rest: { nbformat: 4, nbformat_minor: 5, metadata: {} },
  cells: [],
  outputs: new Map(),
  runs: {},
  dependencies: {},
  stale: new Map(),
  selected: undefined,
  mode: "command",
  opened: new Set(),
  history: noCellHistory,
  copied: undefined,
};

/** The notebook that is on the page. */
export const useNotebook = create<NotebookState>(() => nothing);

const { getState: get, setState: set } = useNotebook;

/** Shows that a notebook is being opened, or why it cannot be. */
export function showOpening(path: string, error?: ErrorReport): void {
  set({ ...nothing, copied: get().copied, path, phase: error ? "failed" : "opening", error });
}

/** Puts a notebook on the page; an empty one gets a cell to begin with. */
export function showNotebook({ path, modified, writable, file }: StoredNotebook): void {
  const { cells: read, ...rest } = file;
  const cells = read.length > 0 ? read : [newCell("code")];
  const first = cells[0]!;
  set({
    ...nothing,
    copied: get().copied,
    path,
    phase: "open",
    modified,
    writable,
    rest,
    cells,
    outputs: outputsIn(cells),
    selected: first.id,
  });
}

export function closeNotebook(): void {
  set({ ...nothing, copied: get().copied });
}

/** The notebook as a file, with what its cells show. */
export function notebookFile({ rest, cells, outputs } = get()): NotebookFile {
  return {
    ...(rest as NotebookFile),
    cells: cells.map((cell) => {
      const shown = outputs.get(cell.id);
      if (cell.cell_type !== "code") return cell;
      return { ...cell, outputs: shown ? outputsOf(shown) : [], execution_count: shown?.executionCount ?? null };
    }),
  };
}

/** Changes which cells there are; can be taken back. The cell that it is about is selected. */
export function change(cellChange: CellChange): void {
  const { history, cells } = get();
  const done = doChange(history, cells, cellChange);
  if (done) take(done);
}

export function undoCells(): void {
  const { history, cells } = get();
  const done = undoChange(history, cells);
  if (done) take(done);
}

export function redoCells(): void {
  const { history, cells } = get();
  const done = redoChange(history, cells);
  if (done) take(done);
}

function take(done: NonNullable<ReturnType<typeof doChange>>): void {
  const before = get();
  const { change: made, history } = done;
  const cells = done.cells.length > 0 ? done.cells : [newCell("code")];
  const about = made.kind === "insert" ? made.cell.id : made.id;
  const removedAt = made.kind === "remove" ? before.cells.findIndex(({ id }) => id === about) : -1;
  const selected = made.kind === "remove" ? cells[Math.min(removedAt, cells.length - 1)]!.id : about;
  const reopened =
    made.kind === "retype" && made.type === "markdown" ? new Set([...before.opened, about]) : before.opened;
  set({ cells, history, selected, mode: "command", opened: reopened });
}

export function writeSource(id: string, source: string): void {
  const { cells } = get();
  const written = writeCell(cells, id, source);
  if (written !== cells) set({ cells: written });
}

/** Selects a cell; `edit` puts the cursor into its text. */
export function selectCell(id: string, mode: Mode = "command"): void {
  const { selected, mode: before, cells, opened } = get();
  const cell = cells.find((other) => other.id === id);
  if (!cell || (selected === id && before === mode)) return;
  const opens = mode === "edit" && cell.cell_type === "markdown" && !opened.has(id);
  set({ selected: id, mode, ...(opens ? { opened: new Set([...opened, id]) } : {}) });
}

/** Shows what a Markdown cell says in place of its text. */
export function renderCell(id: string): void {
  const { opened } = get();
  if (opened.has(id)) set({ opened: new Set([...opened].filter((other) => other !== id)) });
}

/** A cell waits for its turn; how it ran before is forgotten. */
export function queueRun(id: string): void {
  set({ runs: { ...get().runs, [id]: { status: "queued" } } });
}

export function setRun(id: string, run: Partial<CellRun>): void {
  const { runs } = get();
  set({ runs: { ...runs, [id]: { status: "queued", ...runs[id], ...run } } });
}

/** Notes which variables a cell that has just run has to do with. */
export function noteNames(id: string, declared: readonly string[], used: readonly string[]): void {
  const { dependencies } = get();
  const order = 1 + Math.max(0, ...Object.values(dependencies).map((each) => each.order));
  setDependencies({ ...dependencies, [id]: { order, declared, used } });
}

export function setDependencies(dependencies: NotebookState["dependencies"]): void {
  set({ dependencies, stale: staleCells(dependencies) });
}

export function setOutputs(outputs: NotebookOutputs): void {
  if (outputs !== get().outputs) set({ outputs });
}

/** Takes away what cells show, or what all show. */
export function clearOutputs(ids: readonly string[] = get().cells.map(({ id }) => id)): void {
  const { outputs, runs } = get();
  const isBusy = (id: string) => ["queued", "running"].includes(runs[id]?.status ?? "");
  set({
    outputs: new Map([...outputs].filter(([id]) => !ids.includes(id))),
    runs: Object.fromEntries(Object.entries(runs).filter(([id]) => !ids.includes(id) || isBusy(id))),
  });
}

function outputsIn(cells: readonly Cell[]): NotebookOutputs {
  const codes = cells.filter((cell) => cell.cell_type === "code");
  return new Map(
    codes.map(({ id, outputs, execution_count }): [string, CellOutputs] => [
      id,
      { executionCount: execution_count, shown: outputs.map((output) => ({ output })), clearing: false },
    ]),
  );
}
