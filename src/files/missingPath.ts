import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/** Where a path that there is not stops being one that is there. */
export interface MissingPath {
  /** The deepest folder of the path that is there. */
  folder: string;
  /** What is missing in it: a part of the path, as a path. */
  missing: string;
  /** What could have been meant, as paths: what is in the folder. */
  beside: string[];
}

/** Looks for what of a path is not there; undefined where all of it is. */
export function missingPath(path: string): MissingPath | undefined {
  let missing = resolve(path);
  if (existsSync(missing)) return undefined;
  while (!existsSync(dirname(missing))) missing = dirname(missing);
  const folder = dirname(missing);
  return { folder, missing, beside: namesIn(folder).map((name) => join(folder, name)) };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !basename(name).startsWith("."));
  } catch {
    return []; // a file, or a folder that may not be read
  }
}
