import { lstat, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { FlamingoError } from "../../../src/core/errors.ts";

/** Folders that a notebook server shows. */
export interface Roots {
  /** The user's own, shown at the top. Made when something is written. */
  own: string;
  /** Notebooks that come with the studio, shown as a folder in it. They are only read. */
  tutorials: string;
}

/** Where an API path leads. */
export interface Place {
  /** The path as the API has it: no slash at the ends, "" for the top. */
  path: string;
  name: string;
  /** On this machine. */
  file: string;
  writable: boolean;
}

/** Name under which the tutorials are shown. */
export const tutorialsName = "tutorials";

/**
 * The place of a path, which need not be there yet. Nothing outside of the roots has a place, wherever links and `..`
 * lead, and neither has what is hidden.
 * @throws FlamingoError NOT_FOUND
 */
export async function findPlace({ own, tutorials }: Roots, path: string): Promise<Place> {
  const names = path.split("/").filter((name) => name !== "");
  if (names.some(isRefused)) throw missing(path);
  const writable = names[0] !== tutorialsName;
  const root = writable ? own : tutorials;
  const inside = writable ? names : names.slice(1);
  const place = { path: names.join("/"), name: names.at(-1) ?? "", file: join(root, ...inside), writable };
  if (await leadsOutside(root, inside)) throw missing(path);
  return place;
}

/**
 * The place of a path where something is.
 * @throws FlamingoError NOT_FOUND
 */
export async function findThere(roots: Roots, path: string): Promise<Place> {
  const place = await findPlace(roots, path);
  if (place.path === "" || (await stat(place.file).catch(() => undefined))) return place;
  throw missing(path);
}

/** @throws FlamingoError FORBIDDEN for a place that is only read */
export function requireWritable({ path, writable }: Place): void {
  if (writable) return;
  const fix = "copy it out of the tutorials, and change the copy";
  throw new FlamingoError("FORBIDDEN", `"${path}" is a tutorial, and stays as it is`, { source: path, fix });
}

export function missing(path: string): FlamingoError {
  return new FlamingoError("NOT_FOUND", `there is no "${path}"`, { source: path, fix: "choose one from the list" });
}

const onWindows = process.platform === "win32";

/** Names that are hidden, or mean something else to a file system. */
export function isRefused(name: string): boolean {
  return name.startsWith(".") || name.includes("\0") || name.includes("\\") || (onWindows && name.includes(":"));
}

/** Whether any part of a path that is there already lies, links followed, outside of the root. */
async function leadsOutside(root: string, names: readonly string[]): Promise<boolean> {
  const real = await realpath(root).catch(() => undefined);
  if (real === undefined) return false; // nothing is there, so nothing leads away
  let file = real;
  for (const name of names) {
    file = join(file, name);
    const found = await realpath(file).catch((error: NodeJS.ErrnoException) => error);
    if (typeof found === "string") {
      if (!found.startsWith(real + sep)) return true;
      file = found;
      continue;
    }
    // What is not there yet is made as a plain file or folder; a link to nowhere could lead anywhere.
    return (await lstat(file).catch(() => undefined)) !== undefined;
  }
  return false;
}
