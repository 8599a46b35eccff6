import { checkNotebook, type NotebookFile } from "../../../../kernel/nbformat/notebook.ts";
import { getJson, sendJson } from "../../stores/request.ts";

/** Where the studio speaks the Jupyter server API. */
export const jupyterBase = "/jupyter/";

/** What the list shows of a notebook. */
export interface NotebookEntry {
  path: string;
  name: string;
  /** ISO time of the last change on disk. */
  modified: string;
  /** A tutorial: it comes with the studio and stays as it is. */
  tutorial: boolean;
}

/** A notebook as it was read or written. */
export interface StoredNotebook {
  path: string;
  /** ISO time of the last change on disk: names what was read. */
  modified: string;
  writable: boolean;
  file: NotebookFile;
}

/** The part of Jupyter's contents model that is used here. */
interface Model {
  name: string;
  path: string;
  type: "notebook" | "directory" | "file";
  last_modified: string;
  writable: boolean;
  content: unknown;
}

const tutorials = "tutorials";
/** Folders below folders are looked into so far. */
const deepest = 4;

/** All notebooks: tutorials by name, and one's own, the newest first. */
export async function listNotebooks(): Promise<NotebookEntry[]> {
  const entries = await listFolder("", 0);
  const byName = (a: NotebookEntry, b: NotebookEntry) => a.path.localeCompare(b.path, "en", { numeric: true });
  return [
    ...entries.filter(({ tutorial }) => tutorial).sort(byName),
    ...entries.filter(({ tutorial }) => !tutorial).sort((a, b) => b.modified.localeCompare(a.modified) || byName(a, b)),
  ];
}

async function listFolder(folder: string, depth: number): Promise<NotebookEntry[]> {
  const { content } = await getJson<Model>(`${addressOf(folder)}?type=directory&content=1`);
  const listed = await Promise.all(
    (content as Model[]).map(({ type, path, name, last_modified }) => {
      if (type === "directory") return depth < deepest ? listFolder(path, depth + 1).catch(() => []) : [];
      if (type !== "notebook") return [];
      return [{ path, name, modified: last_modified, tutorial: path.startsWith(`${tutorials}/`) }];
    }),
  );
  return listed.flat();
}

/** @throws FlamingoError NOT_FOUND, INVALID_NOTEBOOK, and as the server tells it */
export async function readNotebook(path: string): Promise<StoredNotebook> {
  const model = await getJson<Model>(`${addressOf(path)}?type=notebook&content=1`);
  return {
    path: model.path,
    modified: model.last_modified,
    writable: model.writable,
    file: checkNotebook(model.content, path),
  };
}

/** When a notebook was changed last, as the disk has it. */
export async function modifiedOnDisk(path: string): Promise<string> {
  return (await getJson<Model>(`${addressOf(path)}?content=0`)).last_modified;
}

/** Writes a notebook over what is there. @returns when it was changed last: now */
export async function writeNotebook(path: string, file: NotebookFile): Promise<string> {
  const body = { type: "notebook", format: "json", content: file };
  return (await sendJson<Model>("PUT", addressOf(path), body)).last_modified;
}

/** Makes an empty notebook in one's own folder. @returns its path */
export async function createNotebook(): Promise<string> {
  return (await sendJson<Model>("POST", addressOf(""), { type: "notebook" })).path;
}

/** Copies a notebook into one's own folder, under a free name. @returns its path */
export async function copyNotebook(path: string): Promise<string> {
  const folder = path.startsWith(`${tutorials}/`) ? "" : path.split("/").slice(0, -1).join("/");
  return (await sendJson<Model>("POST", addressOf(folder), { copy_from: path })).path;
}

/** @returns the new path */
export async function renameNotebook(path: string, name: string): Promise<string> {
  const to = [...path.split("/").slice(0, -1), fileName(name)].join("/");
  return (await sendJson<Model>("PATCH", addressOf(path), { path: to })).path;
}

export async function deleteNotebook(path: string): Promise<void> {
  await sendJson("DELETE", addressOf(path), undefined);
}

/** A file's name for what a person typed: `my idea` is `my idea.ipynb`; a slash would be a folder. */
export function fileName(name: string): string {
  const plain = name
    .trim()
    .replaceAll(/[/\\]+/g, "-")
    .replace(/\.ipynb$/i, "");
  return `${plain}.ipynb`;
}

/** A notebook's name for a person: `01-what-flamingo-is.ipynb` is `what flamingo is`, number 1. */
export function titleOf(path: string): { number?: number; title: string } {
  const plain = path
    .split("/")
    .at(-1)!
    .replace(/\.ipynb$/i, "");
  const numbered = /^(\d+)[-_ ]+(.+)$/.exec(plain);
  if (!numbered) return { title: plain };
  const words = numbered[2]!.replaceAll(/[-_]+/g, " ");
  return { number: Number(numbered[1]), title: words.charAt(0).toUpperCase() + words.slice(1) };
}

function addressOf(path: string): string {
  const encoded = path.split("/").filter(Boolean).map(encodeURIComponent);
  return [`${jupyterBase}api/contents`, ...encoded].join("/");
}

/** Sessions that have a kernel, by the path of their notebook. */
export async function listKernels(): Promise<Map<string, string>> {
  const sessions = await getJson<{ id: string; path: string }[]>(`${jupyterBase}api/sessions`);
  return new Map(sessions.map(({ id, path }) => [path, id]));
}

/** Ends a session and its kernel. */
export async function stopKernel(session: string): Promise<void> {
  await sendJson("DELETE", `${jupyterBase}api/sessions/${session}`, undefined);
}
