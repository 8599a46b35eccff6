import { create } from "zustand";
import { type ErrorReport, FlamingoError, reportOf } from "../../../../src/core/errors.ts";
import { browserStorage } from "../../stores/browserStorage.ts";
import { tell, tellError } from "../../stores/notices.ts";
import { go } from "../../stores/route.ts";
import { dropDraft, keepDraft, readDraft, restore } from "./draft.ts";
import { copyNotebook, modifiedOnDisk, readNotebook, renameNotebook, writeNotebook } from "./files.ts";
import { attachKernel, detachKernel, keepDisplays, moveKernel, takeMessages } from "./kernel.ts";
import { closeNotebook, type NotebookState, notebookFile, showNotebook, showOpening, useNotebook } from "./notebook.ts";

interface SavingState {
  /** `conflict`: the file on disk is another than the one that was opened. */
  status: "saved" | "unsaved" | "saving" | "failed" | "conflict";
  error: ErrorReport | undefined;
}

/** How what is shown stands to what is on disk. */
export const useSaving = create<SavingState>(() => ({ status: "saved", error: undefined }));

const { getState: get, setState: set } = useSaving;

type Content = Pick<NotebookState, "cells" | "outputs" | "rest">;

/** What is on disk, part by part. */
let onDisk: Content | undefined;
let timers: { save?: ReturnType<typeof setTimeout> | undefined; draft?: ReturnType<typeof setTimeout> | undefined } =
  {};
/** After a change of what a person wrote, and after one of what cells show, which may change five times a second. */
const delays = { written: 1_500, shown: 6_000, draft: 400 } as const;

/** Opens a notebook and its kernel. What was not saved when it was left is there again. */
export async function openNotebook(path: string): Promise<void> {
  const { path: before, phase } = useNotebook.getState();
  if (before === path && phase !== "failed") return;
  followChanges();
  await leaveNotebook();
  showOpening(path);
  try {
    const stored = await readNotebook(path);
    if (useNotebook.getState().path !== path) return;
    const draft = readDraft(path, browserStorage);
    const same = !draft || draft.modified === stored.modified;
    showNotebook(stored);
    onDisk = contentOf(useNotebook.getState());
    set({ status: "saved", error: undefined });
    if (draft) {
      showNotebook({ ...stored, file: restore(draft, stored.file) });
      set({ status: same ? "unsaved" : "conflict" });
      if (same) tell("What was not saved is here again");
      if (same && stored.writable) planSave(delays.written);
    }
  } catch (error) {
    if (useNotebook.getState().path === path) showOpening(path, reportOf(error));
    return;
  }
  await attachKernel(path).catch(() => undefined); // the kernel's status tells it
}

/** Writes what is not on disk yet, and lets go of notebook and kernel. */
export async function leaveNotebook(): Promise<void> {
  const { phase, writable } = useNotebook.getState();
  keepNow();
  if (phase === "open" && writable && get().status === "unsaved") await saveNotebook().catch(() => undefined);
  forgetTimers();
  onDisk = undefined;
  detachKernel();
  closeNotebook();
}

let writing: Promise<void> | undefined;

/**
 * Saves what is shown. A tutorial stays as it is: it is saved as a copy of one's own.
 * @param options.overwrite what someone else wrote to disk meanwhile is lost
 */
export async function saveNotebook({ overwrite = false } = {}): Promise<void> {
  await writing?.catch(() => undefined);
  const state = useNotebook.getState();
  if (state.phase !== "open") return;
  if (!state.writable) return keepCopy();
  writing = write(state, overwrite).finally(() => {
    writing = undefined;
  });
  return writing;
}

async function write(state: NotebookState, overwrite: boolean): Promise<void> {
  const path = state.path!;
  const isSame = () => useNotebook.getState().path === path;
  clearTimeout(timers.save);
  timers.save = undefined;
  set({ status: "saving", error: undefined });
  try {
    // A file that is gone is written anew.
    const modified = overwrite ? state.modified : await modifiedOnDisk(path).catch(() => state.modified);
    if (modified !== state.modified) {
      if (isSame()) set({ status: "conflict" });
      return;
    }
    const written = await writeNotebook(path, notebookFile(state));
    if (!isSame()) return;
    onDisk = contentOf(state);
    useNotebook.setState({ modified: written });
    set({ status: "saved" });
    if (isChanged()) planSave(delays.written);
    else dropDraft(path, browserStorage);
  } catch (error) {
    if (!isSame()) return;
    set({ status: "failed", error: reportOf(error) });
    keepNow();
  }
}

/** Saves a copy of what is shown in one's own folder, and goes on with that: the kernel comes along. */
export async function keepCopy(): Promise<void> {
  const state = useNotebook.getState();
  const from = state.path;
  if (from === undefined) return;
  const path = await copyNotebook(from);
  const modified = await writeNotebook(path, notebookFile(state));
  dropDraft(from, browserStorage);
  await takePath(path, { modified, writable: true });
  onDisk = contentOf(state);
  set({ status: isChanged() ? "unsaved" : "saved", error: undefined });
  if (isChanged()) planSave(delays.written);
  tell(`Your copy is ${path}`);
}

/** Gives the notebook another name; a tutorial cannot have one. */
export async function renameOpened(name: string): Promise<void> {
  const { path } = useNotebook.getState();
  if (path === undefined) return;
  await saveNotebook();
  if (get().status !== "saved") throw new FlamingoError("CONFLICT", "the notebook is not saved", { fix: "save it" });
  const renamed = await renameNotebook(path, name);
  await takePath(renamed, { modified: await modifiedOnDisk(renamed), writable: true });
}

async function takePath(path: string, changes: Pick<NotebookState, "modified" | "writable">): Promise<void> {
  await moveKernel(path).catch(tellError);
  useNotebook.setState({ path, ...changes });
  go({ page: "notebook", path }, { replace: true });
}

/** Drops what is not saved, and shows what is on disk. */
export async function loadAgain(): Promise<void> {
  const { path } = useNotebook.getState();
  if (path === undefined) return;
  dropDraft(path, browserStorage);
  forgetTimers();
  onDisk = undefined;
  showNotebook(await readNotebook(path));
  onDisk = contentOf(useNotebook.getState());
  set({ status: "saved", error: undefined });
}

let following = false;

/** Follows changes of the notebook from now on: keeps a draft at once, and saves a moment later. */
function followChanges(): void {
  if (following) return;
  following = true;
  useNotebook.subscribe((state, before) => {
    if (onDisk === undefined || state.phase !== "open" || state.path !== before.path) return;
    if (state.cells === before.cells && state.outputs === before.outputs && state.rest === before.rest) return;
    if (!isChanged()) return;
    if (get().status === "saved") set({ status: "unsaved" });
    const wrote = state.cells !== before.cells || state.rest !== before.rest;
    if (wrote) planDraft();
    if (state.writable && get().status !== "conflict") planSave(wrote ? delays.written : delays.shown, wrote);
    else if (!wrote && timers.draft === undefined) planDraft(delays.shown);
  });
  const leave = () => {
    takeMessages();
    keepNow();
    keepDisplays();
  };
  const hide = () => {
    if (document.hidden) leave();
  };
  window.addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", hide);
}

/** @param sooner an earlier time than the one that is set holds; else the one that is set stays */
function planSave(delay: number, sooner = true): void {
  if (timers.save !== undefined && !sooner) return;
  clearTimeout(timers.save);
  timers.save = setTimeout(() => {
    timers.save = undefined;
    void saveNotebook();
  }, delay);
}

function planDraft(delay: number = delays.draft): void {
  clearTimeout(timers.draft);
  timers.draft = setTimeout(keepNow, delay);
}

function keepNow(): void {
  clearTimeout(timers.draft);
  timers.draft = undefined;
  const state = useNotebook.getState();
  if (state.path === undefined || state.phase !== "open" || onDisk === undefined || !isChanged()) return;
  keepDraft(state.path, state.modified, notebookFile(state), browserStorage);
}

function forgetTimers(): void {
  clearTimeout(timers.save);
  clearTimeout(timers.draft);
  timers = {};
}

function isChanged(): boolean {
  const now = useNotebook.getState();
  return (
    onDisk !== undefined && (now.cells !== onDisk.cells || now.outputs !== onDisk.outputs || now.rest !== onDisk.rest)
  );
}

function contentOf({ cells, outputs, rest }: NotebookState): Content {
  return { cells, outputs, rest };
}
